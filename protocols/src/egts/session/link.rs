//! What we number and write on one connection: packets, records, the answer to a packet.

use bytes::Bytes;

use crate::egts::encode::{self, TO_DEVICE};
use crate::egts::header::{Route, packet, seal};
use crate::egts::message::{Record, Sub, code};

/// Counters of one direction (section 2.3). Both begin with 1 and wrap.
#[derive(Debug)]
pub(super) struct Link {
    packet: u16,
    record: u16,
}

/// Where something goes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Address {
    /// Route fields, if it came with some.
    pub(super) route: Option<Route>,
    /// OID, where one connection carries several objects.
    pub(super) object: Option<u32>,
}

/// A packet of ours that is to be answered.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    /// PID.
    pub(super) packet: u16,
    /// RN of its record.
    pub(super) record: u16,
    /// The packet.
    pub(super) bytes: Bytes,
}

/// The answer to one record of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordAnswer {
    /// CRN.
    pub(super) record: u16,
    /// Service that is answered.
    pub(super) service: u8,
    /// Result if everything is stored.
    pub(super) result: u8,
    /// It is stored first: a failure there is the record's.
    pub(super) stored: bool,
}

impl Link {
    pub(super) const fn new() -> Self {
        Self { packet: 0, record: 0 }
    }

    fn next_packet(&mut self) -> u16 {
        self.packet = self.packet.wrapping_add(1);
        self.packet
    }

    fn next_record(&mut self) -> u16 {
        self.record = self.record.wrapping_add(1);
        self.record
    }

    /// An APPDATA packet of one record.
    pub(super) fn send(&mut self, service: u8, to: Address, subs: &[Sub<'_>]) -> Sent {
        let (packet, record) = (self.next_packet(), self.next_record());
        let data = encode::subs(subs);
        let mut head = encode::record(TO_DEVICE, record, service, &data);
        head.object = to.object;
        let bytes = seal(packet::APPDATA, packet, to.route, &encode::data(&[head]));
        Sent { packet, record, bytes }
    }

    /// RESPONSE with a result and no record.
    pub(super) fn refuse(&mut self, answered: u16, result: u8, route: Option<Route>) -> Bytes {
        let body = encode::response(answered, result, &[]);
        seal(packet::RESPONSE, self.next_packet(), route, &body)
    }

    /// RESPONSE to a packet, in two versions of which one will be written: everything stored, or not.
    pub(super) fn respond(
        &mut self,
        answered: u16,
        answers: &[RecordAnswer],
        route: Option<Route>,
    ) -> (Bytes, Bytes) {
        let packet_id = self.next_packet();
        // Answers to records of one service share a record (section 3.2).
        let mut services: Vec<(u8, u16)> = Vec::with_capacity(1);
        for answer in answers {
            if !services.iter().any(|(service, _)| *service == answer.service) {
                services.push((answer.service, self.next_record()));
            }
        }
        let build = |result: fn(&RecordAnswer) -> u8| {
            let subs = |service: u8| {
                let of_service = answers.iter().filter(|answer| answer.service == service);
                let list: Vec<_> = of_service
                    .map(|answer| Sub::RecordResponse {
                        record: answer.record,
                        result: result(answer),
                    })
                    .collect();
                encode::subs(&list)
            };
            let data: Vec<_> = services.iter().map(|&(service, _)| subs(service)).collect();
            let records: Vec<Record<'_>> = services
                .iter()
                .zip(&data)
                .map(|(&(service, number), data)| encode::record(TO_DEVICE, number, service, data))
                .collect();
            seal(
                packet::RESPONSE,
                packet_id,
                route,
                &encode::response(answered, code::OK, &records),
            )
        };
        let ack = build(|answer| answer.result);
        if !answers.iter().any(|answer| answer.stored) {
            return (ack.clone(), ack);
        }
        (ack, build(|answer| if answer.stored { code::IO_ERROR } else { answer.result }))
    }
}
