//! A closed loop of requests over some connections, from one thread.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use super::support::{has_status, reply_length};

/// How many connections send at once.
pub(crate) const CONNECTIONS: usize = 32;

/// How many requests one turn sends at most.
const TURN_REQUESTS_MAX: u64 = 150_000;

/// Sends requests for a while: how many were answered, and how many per second.
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
            sender.await.expect("every request is answered as expected");
        }
        start.elapsed()
    });
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let rate = count.get() as f64 / elapsed.as_secs_f64();
    (count.get(), rate)
}

/// One connection: send, read the reply, and again.
async fn send(mut socket: TcpStream, request: Rc<[u8]>, status: u16, end: Instant, count: Rc<Cell<u64>>) {
    let mut buffer = vec![0; 64 * 1024];
    let mut head = 0;
    while Instant::now() < end && count.get() < TURN_REQUESTS_MAX {
        socket.write_all(&request).await.expect("the server reads");
        let mut filled = 0;
        loop {
            let read = socket.read(&mut buffer[filled..]).await.expect("the server answers");
            assert!(read > 0, "the server closed the connection");
            filled += read;
            if reply_length(&buffer[..filled], &mut head).is_some_and(|length| length <= filled) {
                break;
            }
        }
        let reply = &buffer[..filled];
        assert!(has_status(reply, status), "{}", String::from_utf8_lossy(reply));
        count.set(count.get() + 1);
    }
}
