//! The least that a server on the same runtime can do with frames.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;

use anyhow::Result;
use bytes::{Buf as _, BytesMut};
use cabwire::descriptors;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use super::{current_thread, listen};
use crate::load::jt808;
use crate::load::speech::Speech;
use crate::process::end_with_parent;

/// How frames end and what answers each.
struct Codec {
    /// Ends a frame when it is not its first byte.
    end: u8,
    ack: Vec<u8>,
}

impl Codec {
    fn of(speech: Speech) -> Self {
        let mut ack = Vec::new();
        match speech {
            Speech::Jt808 => {
                let (phone, body) = (jt808::phone(0).0, [0, 1, 2, 0, 0]);
                jt808::seal(&mut ack, jt808::id::PLATFORM_ANSWER, &phone, 1, &body);
                Self { end: 0x7e, ack }
            }
            Speech::Wialon => {
                ack.extend_from_slice(b"#AD#1\r\n");
                Self { end: b'\n', ack }
            }
        }
    }

    /// Length of the first frame.
    fn length(&self, bytes: &[u8]) -> Option<usize> {
        bytes.iter().skip(1).position(|&byte| byte == self.end).map(|end| end + 2)
    }
}

/// Acknowledges every frame with the same bytes: one task per connection, a buffer each, one write per read.
pub fn echo(speech: Speech) -> Result<()> {
    end_with_parent();
    descriptors::expand()?;
    let codec = Rc::new(Codec::of(speech));
    current_thread()?.block_on(LocalSet::new().run_until(async {
        let listener = listen()?;
        loop {
            let (stream, _) = listener.accept().await?;
            let codec = Rc::clone(&codec);
            tokio::task::spawn_local(async move { drop(acknowledge(stream, &codec).await) });
        }
    }))
}

async fn acknowledge(mut stream: TcpStream, codec: &Codec) -> Result<()> {
    stream.set_nodelay(true)?;
    let (mut input, mut output) = (BytesMut::with_capacity(256), Vec::new());
    while stream.read_buf(&mut input).await? > 0 {
        output.clear();
        while let Some(length) = codec.length(&input) {
            input.advance(length);
            output.extend_from_slice(&codec.ack);
        }
        stream.write_all(&output).await?;
    }
    Ok(())
}

thread_local! {
    /// Where all connections read.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
}

/// The same without anything kept for a connection but its task. Frames must come whole.
pub fn task() -> Result<()> {
    end_with_parent();
    descriptors::expand()?;
    current_thread()?.block_on(async {
        let listener = listen()?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(async move { drop(bare(stream).await) });
        }
    })
}

async fn bare(stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    loop {
        stream.readable().await?;
        let read = SCRATCH.with_borrow_mut(|scratch| stream.try_read(scratch));
        match read {
            Ok(0) => return Ok(()),
            // One frame at a time comes here; any answer that says "done" will do.
            Ok(_) => drop(stream.try_write(ACK)?),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// "Done" in JT/T 808: a frame from the platform, of which the generator reads the message id and the result.
const ACK: &[u8] =
    &[0x7e, 0x80, 0x01, 0, 5, 0x13, 0x80, 0, 0, 0, 0, 0, 1, 0, 1, 0x02, 0, 0, 0x10, 0x7e];
