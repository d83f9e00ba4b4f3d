//! What an attacker tries: connections that hold on, requests that never end, metadata that lies.

mod connections;
mod frames;
mod metadata;
mod streams;
mod unread;

use std::net::SocketAddr;

use tokio::net::{TcpSocket, TcpStream};

use crate::running::System;

/// A connection to a server from an address of this machine.
pub(crate) async fn from(address: &str, system: &System) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
    socket.connect(system.address()).await.unwrap()
}

/// The operator's token, as it is sent.
fn bearer(system: &System) -> String {
    let token = std::fs::read_to_string(system.data().join("admin.token")).unwrap();
    format!("Bearer {}", token.trim())
}
