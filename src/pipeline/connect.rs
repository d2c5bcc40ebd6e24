//! The HTTPS proxy (`--intercept`): which hosts the mock answers for, and who may use the proxy. `CONNECT` requests and
//! those for other hosts are not requests to LeadConduit, so the log has them, and no journal does.

use http::header::DATE;
use http::{Method, Version};

use super::Pipeline;
use super::finalize::date;
use crate::config::allowed_host::Host;
use crate::config::intercept::{ConnectRoute, ConnectTarget, InterceptSettings, OtherHosts, is_intercepted_host};
use crate::contract::problem::Problem;
use crate::http::message::{Request, Response};
use crate::http::tunnel::TunnelError;
use crate::support::clock::Clock;

impl Pipeline {
    /// Where a `CONNECT` request leads. `None` when the server is not a proxy: the request is then handled like any
    /// other. `is_tunnelled`: it came through a tunnel of this proxy.
    ///
    /// # Errors
    /// The response to a request that is refused.
    #[must_use]
    pub fn connect(&self, request: &Request, is_tunnelled: bool) -> Option<Result<ConnectRoute, Box<Response>>> {
        let intercept = self.policy.intercept.filter(|_| request.method == Method::CONNECT)?;
        Some(self.route_connect(intercept, request, is_tunnelled).map_err(|(target, problem)| {
            tracing::warn!("CONNECT {target}: refused with {}, {}", problem.status.as_u16(), problem.detail);
            Box::new(proxy_response(problem))
        }))
    }

    /// The response to a plain request for another host, which the client takes for one of its proxy: browsers ask many
    /// hosts on their own. `None` for requests to LeadConduit and to this server.
    #[must_use]
    pub fn refuse_other_host(&self, request: &Request) -> Option<Response> {
        self.policy.intercept?;
        // Requests of HTTP/2 have an authority too.
        let authority = request.uri.authority().filter(|_| request.version < Version::HTTP_2)?;
        let is_own = match Host::parse(authority.host()) {
            Some(Host::Localhost) => true,
            Some(Host::Ip(ip)) => ip.to_canonical().is_loopback(),
            Some(Host::Domain(name)) => is_intercepted_host(&name),
            None => false,
        };
        // This server may have any name, but hardly the default port.
        if is_own || !matches!(authority.port_u16(), None | Some(80 | 443)) {
            return None;
        }
        let problem = Problem::plain_host_refused(authority.host());
        tracing::warn!("{} http://{}: refused with 403, {}", request.method, authority.host(), problem.detail);
        Some(proxy_response(problem))
    }

    /// The response when a tunnel to another host cannot be opened.
    #[must_use]
    pub fn tunnel_failed(&self, target: &ConnectTarget, error: &TunnelError) -> Response {
        proxy_response(Problem::tunnel_failed(target, error))
    }

    /// The route, or the target for the log with the problem.
    fn route_connect(
        &self,
        intercept: InterceptSettings,
        request: &Request,
        is_tunnelled: bool,
    ) -> Result<ConnectRoute, (String, Problem)> {
        let target = ConnectTarget::parse(&request.uri);
        let shown = target.as_ref().map_or_else(|_| "with an invalid target".to_owned(), ToString::to_string);
        let refuse = |problem: Problem| (shown.clone(), problem);
        if is_tunnelled {
            return Err(refuse(Problem::nested_tunnel()));
        }
        if request.version == Version::HTTP_2 {
            return Err(refuse(Problem::tunnel_in_stream()));
        }
        self.policy.access.check_proxy(request).map_err(refuse)?;
        let target = target.map_err(|error| refuse(Problem::invalid_tunnel(&error)))?;
        match intercept.other_hosts {
            _ if target.is_intercepted() => Ok(ConnectRoute::Intercept(target)),
            // The real service is never called.
            OtherHosts::Tunnel if !target.is_vendor() => Ok(ConnectRoute::Tunnel(target)),
            OtherHosts::Tunnel | OtherHosts::Refuse => Err(refuse(Problem::host_refused(&target))),
        }
    }
}

fn proxy_response(problem: Problem) -> Response {
    problem.into_response().with_header(DATE, date(Clock::Real.now()))
}
