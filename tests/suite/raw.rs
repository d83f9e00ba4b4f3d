//! Calls made of bytes: what no generated client would send.

use prost::bytes::{Buf, BufMut};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Status};

/// Sends and receives messages as they are.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining()).to_vec()))
    }
}

/// A client that is ready, and a request with these bytes as its message.
async fn prepared(
    channel: &Channel,
    authorization: Option<&str>,
    message: Vec<u8>,
) -> Result<(Grpc<Channel>, Request<Vec<u8>>), Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
    let mut request = Request::new(message);
    if let Some(authorization) = authorization {
        request.metadata_mut().insert("authorization", authorization.parse().unwrap());
    }
    Ok((client, request))
}

/// Makes one call with these bytes as its message, at `/package.Service/Method`.
pub(crate) async fn call(
    channel: &Channel,
    authorization: Option<&str>,
    path: &str,
    message: Vec<u8>,
) -> Result<Vec<u8>, Status> {
    let (mut client, request) = prepared(channel, authorization, message).await?;
    client.unary(request, path.parse().unwrap(), Raw).await.map(tonic::Response::into_inner)
}

/// Makes one call that is answered by a stream, and waits for its first message.
pub(crate) async fn first(
    channel: &Channel,
    authorization: Option<&str>,
    path: &str,
    message: Vec<u8>,
) -> Result<Vec<u8>, Status> {
    let (mut client, request) = prepared(channel, authorization, message).await?;
    let stream = client.server_streaming(request, path.parse().unwrap(), Raw).await?;
    Ok(stream.into_inner().message().await?.unwrap_or_default())
}
