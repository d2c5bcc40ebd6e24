# Build:  docker build --tag leadconduit-mock .
# Run:    docker run --rm --publish 127.0.0.1:4010:4010 --env LEADCONDUIT_MOCK_ADMIN_TOKEN=TOKEN leadconduit-mock
# Without a token the control API is closed, because the server cannot know which addresses `--publish` opens.
# Flags follow the name of the image, or are set as variables: --env LEADCONDUIT_MOCK_SCENARIO=sso-outage
# Your own scenarios: --volume "$PWD/scenarios:/scenarios:ro" leadconduit-mock --scenarios /scenarios --scenario NAME

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# A static binary needs no files beside it. It is optimised for what typical requests do, see deploy/build. A target is named,
# so that the flags do not apply to procedural macros.
ENV RUSTFLAGS="-C target-feature=+crt-static -C profile-use=/src/deploy/dist.profdata"
COPY deploy/dist.profdata deploy/dist.profdata
# The dependencies alone, around an empty package: this layer is reused until a manifest or the lock file changes.
COPY Cargo.toml Cargo.lock ./
COPY crates crates
RUN mkdir -p src benches examples tests/suite \
    && touch src/lib.rs \
    && echo 'fn main() {}' > build.rs \
    && cp build.rs src/main.rs \
    && cp build.rs tests/suite/main.rs \
    && cp build.rs benches/journal.rs \
    && cp build.rs benches/latency.rs \
    && cp build.rs benches/lead_scaling.rs \
    && cp build.rs benches/long_reads.rs \
    && cp build.rs benches/memory.rs \
    && cp build.rs benches/protocols.rs \
    && cp build.rs benches/sandboxes.rs \
    && cp build.rs benches/startup.rs \
    && cp build.rs benches/submit.rs \
    && cp build.rs benches/throughput.rs \
    && cp build.rs examples/embedded.rs \
    && cp build.rs examples/fault_injection.rs \
    && cp build.rs examples/sandboxes.rs \
    && cargo build --profile dist --locked --target "$(rustc --print host-tuple)" \
    && cargo clean --profile dist --locked --target "$(rustc --print host-tuple)" --package leadconduit-mock
COPY build.rs ./
COPY schemas schemas
COPY scenarios scenarios
COPY src src
RUN cargo build --profile dist --locked --target "$(rustc --print host-tuple)"

# Nothing but the binary: no shell, no libraries, no package to update. It writes no files, so `--read-only` works.
FROM scratch
LABEL org.opencontainers.image.title="leadconduit-mock" \
      org.opencontainers.image.description="A mock and contract-test server for ActiveProspect's LeadConduit API" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /src/target/*/dist/leadconduit-mock /usr/local/bin/leadconduit-mock
# All addresses of the container; `--publish` decides which of the host's addresses lead there.
ENV LEADCONDUIT_MOCK_HOST=0.0.0.0
EXPOSE 4010
# A number, so that Kubernetes can verify that it is not root.
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 \
    CMD ["/usr/local/bin/leadconduit-mock", "health"]
ENTRYPOINT ["/usr/local/bin/leadconduit-mock"]
