//! Whether an address belongs to this machine.

use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Whether an address belongs to an interface of this machine: only then can a socket be bound to it.
#[must_use]
pub fn is_own_interface(ip: IpAddr) -> bool {
    UdpSocket::bind(SocketAddr::new(ip, 0)).is_ok()
}
