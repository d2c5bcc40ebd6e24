//! Load generator: a closed loop of requests over several connections, from one thread.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use super::support::{has_status, response_length};

/// The number of concurrent connections.
pub(crate) const CONNECTIONS: usize = 32;

/// The largest number of requests in one run.
const RUN_REQUESTS_MAX: u64 = 150_000;

/// Sends requests for the given time. Returns the number of responses, and their number per second.
pub(crate) fn load(address: SocketAddr, request: &[u8], status: u16, time: Duration) -> (u64, f64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let count = Rc::new(Cell::new(0_u64));
    let tasks = LocalSet::new();
    let elapsed = tasks.block_on(&runtime, async {
        let mut sockets = Vec::new();
        for _ in 0..CONNECTIONS {
            let socket = TcpStream::connect(address).await.expect("the server accepts");
            socket.set_nodelay(true).unwrap();
            sockets.push(socket);
        }
        let start = Instant::now();
        let end = start + time;
        let senders: Vec<_> = sockets
            .into_iter()
            .map(|socket| tokio::task::spawn_local(send(socket, Rc::from(request), status, end, Rc::clone(&count))))
            .collect();
        for sender in senders {
            sender.await.expect("every request gets the expected response");
        }
        start.elapsed()
    });
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let rate = count.get() as f64 / elapsed.as_secs_f64();
    (count.get(), rate)
}

/// Sends requests on one connection, each after the response to the last.
async fn send(mut socket: TcpStream, request: Rc<[u8]>, status: u16, end: Instant, count: Rc<Cell<u64>>) {
    let mut buffer = vec![0; 64 * 1024];
    let mut head = 0;
    while Instant::now() < end && count.get() < RUN_REQUESTS_MAX {
        exchange(&mut socket, &request, status, &mut buffer, &mut head).await;
        count.set(count.get() + 1);
    }
}

/// Sends a request, and reads the response to it. `head` is the length of the last head, which the next one probably has.
pub(crate) async fn exchange(socket: &mut TcpStream, request: &[u8], status: u16, buffer: &mut [u8], head: &mut usize) {
    socket.write_all(request).await.expect("the server reads");
    let mut filled = 0;
    loop {
        let read = socket.read(&mut buffer[filled..]).await.expect("the server responds");
        assert!(read > 0, "the server closed the connection");
        filled += read;
        if response_length(&buffer[..filled], head).is_some_and(|length| length <= filled) {
            break;
        }
    }
    let response = &buffer[..filled];
    assert!(has_status(response, status), "{}", String::from_utf8_lossy(response));
}
