//! The bare server: the baseline, which only receives requests and sends a fixed response.

use std::convert::Infallible;
use std::io::{self, Read as _};
use std::net::Ipv4Addr;
use std::process::Command;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::support::{Server, flag};

/// The argument that runs a benchmark as the bare server.
const BARE: &str = "--bare";

impl Server {
    /// Starts this executable as a server that returns these bytes for every request.
    pub(crate) fn bare(response: &[u8]) -> Self {
        Self::start(Command::new(std::env::current_exe().unwrap()).arg(BARE), response)
    }
}

/// Runs the bare server and does not return, if this process was started as one.
pub(crate) fn serve_if_bare() {
    if flag(BARE) {
        let mut response = Vec::new();
        io::stdin().read_to_end(&mut response).unwrap();
        let response = parse(&response);
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(serve(response));
    }
}

/// Parses the bytes of a response. Head and body are static, so that a clone needs no reference counting.
fn parse(response: &[u8]) -> hyper::Response<Full<Bytes>> {
    let length = response.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let (head, body) = response.split_at(length);
    let head: &'static str = String::from_utf8(head.to_vec()).unwrap().leak();
    let body: &'static [u8] = body.to_vec().leak();
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
    let mut response = hyper::Response::new(Full::new(Bytes::from_static(body)));
    *response.status_mut() = status.parse().unwrap();
    for (name, value) in lines.map(|line| line.split_once(": ").expect("a header")) {
        let name: HeaderName = name.parse().unwrap();
        // hyper writes the length itself, at the same position.
        if name != CONTENT_LENGTH {
            response.headers_mut().append(name, HeaderValue::from_static(value));
        }
    }
    response
}

async fn serve(response: hyper::Response<Full<Bytes>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    println!("listening on http://{}", listener.local_addr().unwrap());
    let response: &'static hyper::Response<Full<Bytes>> = Box::leak(Box::new(response));
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let service = service_fn(|request: hyper::Request<Incoming>| async move {
                // Every server must read the body.
                let _ = request.into_body().collect().await;
                Ok::<_, Infallible>(response.clone())
            });
            let builder = &mut http1::Builder::new();
            // The fixed response includes a date.
            let _ = builder
                .auto_date_header(false)
                .title_case_headers(true)
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}
