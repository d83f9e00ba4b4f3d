//! The handlers of `ClockService`.

use gradus_wire::v1 as wire;
use gradus_wire::v1::clock_service_server::ClockService;
use tonic::Request;

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::{self, timestamp};
use crate::principals::MOST_REASON;

#[tonic::async_trait]
impl ClockService for Api {
    async fn get_clock(
        &self,
        request: Request<wire::GetClockRequest>,
    ) -> Reply<wire::GetClockResponse> {
        open(request)?;
        reply(async {
            let reading = self.service.clock_reading();
            let last = self.service.last_recorded_at().await?;
            Ok(wire::GetClockResponse {
                wall: Some(timestamp(reading.wall)),
                expected: Some(timestamp(reading.expected)),
                last_recorded_at: last.map(timestamp),
                suspect: reading.suspect,
            })
        })
        .await
    }

    async fn accept_clock(
        &self,
        request: Request<wire::AcceptClockRequest>,
    ) -> Reply<wire::AcceptClockResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let receipt = self.service.accept_clock(&call, &asked.reason).await?;
            Ok(wire::AcceptClockResponse { receipt: self.told(&receipt) })
        })
        .await
    }
}
