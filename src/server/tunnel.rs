//! Tunnels of the HTTPS proxy to other hosts: connecting, and copying of bytes in both directions.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};

use super::raw_socket::Socket;
use super::shutdown::ShutdownSignal;
use crate::config::allowed_host::Host;
use crate::config::intercept::ConnectTarget;
use crate::config::limits::{TUNNEL_ADDRESSES_MAX, TUNNEL_BUFFER_BYTES, TunnelLimits};
use crate::http::tunnel::TunnelError;
use crate::support::own_address::is_own_interface;

/// Connects to a host. The addresses that are checked with `allows` are those that are connected to, so that a name
/// server cannot exchange them meanwhile.
///
/// # Errors
/// The host cannot be reached, or one of its addresses is not allowed.
pub(super) async fn connect(
    target: &ConnectTarget,
    allows: impl Fn(IpAddr) -> bool,
    limits: TunnelLimits,
    mut shutdown: ShutdownSignal,
) -> Result<TcpStream, TunnelError> {
    let timeout = limits.connect_timeout;
    let timed_out = || TunnelError::TimedOut(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
    let connected = async {
        let addresses = resolve(target).await?;
        if let Some(local) = addresses.iter().find(|address| !allows(address.ip())) {
            return Err(TunnelError::Local(local.ip()));
        }
        // An address that does not respond leaves time for the next one.
        let share = timeout / u32::try_from(addresses.len()).unwrap_or(1).max(1);
        let mut last = TunnelError::Unresolved("it has no address".to_owned());
        for address in addresses {
            last = match tokio::time::timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(socket)) => {
                    let _ = socket.set_nodelay(true);
                    return Ok(socket);
                }
                Ok(Err(error)) => TunnelError::Unreachable(contract_files::yaml::io_reason(&error)),
                Err(_) => timed_out(),
            };
        }
        Err(last)
    };
    tokio::select! {
        connected = tokio::time::timeout(timeout, connected) => {
            connected.unwrap_or_else(|_| Err(timed_out()))
        }
        () = shutdown.received() => Err(TunnelError::Stopping),
    }
}

/// The addresses of a host. `localhost` is not resolved, so that a name server cannot change it.
async fn resolve(target: &ConnectTarget) -> Result<Vec<SocketAddr>, TunnelError> {
    let ips = match &target.host {
        Host::Ip(ip) => vec![*ip],
        Host::Localhost => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        Host::Domain(name) => {
            let found = lookup_host((name.as_str(), target.port)).await;
            let found = found.map_err(|error| TunnelError::Unresolved(contract_files::yaml::io_reason(&error)))?;
            found.map(|address| address.ip()).take(TUNNEL_ADDRESSES_MAX).collect()
        }
    };
    Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, target.port)).collect())
}

/// Whether a tunnel may lead to an address: not to this machine, nor to its local link, where cloud providers serve
/// credentials.
pub(super) fn is_remote(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    let is_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_broadcast() || ip.octets()[0] == 0,
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    if let IpAddr::V6(ip) = ip
        && let Some(embedded) = embedded_ipv4(ip)
        && !is_remote(embedded.into())
    {
        return false;
    }
    !(is_local || ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || is_own_interface(ip))
}

/// The address to which a translator or a tunnel of the network sends what is for an address of IPv6: NAT64 (RFC 6052),
/// 6to4 (RFC 3056), and IPv4-compatible addresses (RFC 4291).
fn embedded_ipv4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let last = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match ip.segments() {
        [0x2002, high, low, ..] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(last(high, low)),
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, high, low] if ip.to_bits() > 1 => Some(last(high, low)),
        _ => None,
    }
}

/// Copies bytes in both directions until both sides have closed theirs, one fails, the tunnel is idle for too long, or
/// the server stops.
pub(super) async fn copy(client: impl Socket, mut host: TcpStream, limits: TunnelLimits, mut shutdown: ShutdownSignal) {
    let (from_client, to_client) = tokio::io::split(client);
    let (from_host, to_host) = host.split();
    let copied = AtomicU64::new(0);
    let both = async {
        let upload = copy_one_way(from_client, to_host, &copied);
        let download = copy_one_way(from_host, to_client, &copied);
        tokio::try_join!(upload, download)
    };
    tokio::select! {
        // A failed tunnel is closed, and the clients on both sides see that.
        _ = both => {}
        () = idle(&copied, limits.idle_timeout) => {}
        () = shutdown.received() => {}
    }
}

/// Copies bytes until the reader ends, and then closes the writer's side.
async fn copy_one_way(
    mut reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
    copied: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = vec![0; TUNNEL_BUFFER_BYTES];
    loop {
        let length = reader.read(&mut buffer).await?;
        if length == 0 {
            return writer.shutdown().await;
        }
        writer.write_all(&buffer[..length]).await?;
        // TLS to the proxy buffers bytes until it is flushed.
        writer.flush().await?;
        copied.fetch_add(length as u64, Ordering::Relaxed);
    }
}

/// Resolves when no byte was copied for a whole interval.
async fn idle(copied: &AtomicU64, interval: Duration) {
    loop {
        let before = copied.load(Ordering::Relaxed);
        tokio::time::sleep(interval).await;
        if copied.load(Ordering::Relaxed) == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tunnels_do_not_lead_to_this_machine() {
        for ip in [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "64:ff9b::7f00:1",
            "64:ff9b::169.254.169.254",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
            "::127.0.0.1",
            "::169.254.169.254",
        ] {
            assert!(!is_remote(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["192.0.2.1", "2001:db8::1", "64:ff9b::192.0.2.1", "2002:c000:201::1", "::192.0.2.1"] {
            assert!(is_remote(ip.parse().unwrap()), "{ip}");
        }
        // The address with which this machine reaches others.
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        if socket.connect("192.0.2.1:9").is_ok() {
            let own = socket.local_addr().unwrap().ip();
            assert!(!is_remote(own), "{own}");
        }
    }
}
