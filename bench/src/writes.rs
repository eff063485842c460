//! The reference of the room: one bare `write(2)` for each delivery, over loopback sockets that another thread
//! drains. Whatever a server adds to this is its overhead; only sending several messages in one write goes past it.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::processor;

/// Deliveries per core-second of a thread that does nothing but write one message of `bytes` to each of `sockets`.
pub(crate) fn per_core_second(sockets: usize, bytes: usize, time: Duration) -> anyhow::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (mut writers, mut readers) = (Vec::new(), Vec::new());
    for _ in 0..sockets {
        let reader = TcpStream::connect(address)?;
        let (writer, _) = listener.accept()?;
        writer.set_nodelay(true)?;
        writer.set_nonblocking(true)?;
        reader.set_nonblocking(true)?;
        writers.push(writer);
        readers.push(reader);
    }
    let over = Arc::new(AtomicBool::new(false));
    let drained = {
        let over = over.clone();
        std::thread::spawn(move || drain(&mut readers, &over))
    };

    let message = vec![b'x'; bytes];
    let (mut delivered, before, start) = (0_u64, processor::used_by_this_thread(), Instant::now());
    while start.elapsed() < time {
        for writer in &mut writers {
            // A full socket counts as time spent and nothing delivered, as it does for a server.
            if writer.write(&message).is_ok_and(|written| written == bytes) {
                delivered += 1;
            }
        }
    }
    let used = processor::used_by_this_thread() - before;
    over.store(true, Ordering::Relaxed);
    // The draining thread holds nothing that could fail.
    let _ = drained.join();
    Ok(delivered as f64 / used.as_secs_f64())
}

fn drain(readers: &mut [TcpStream], over: &AtomicBool) {
    let mut buffer = vec![0; 1 << 20];
    while !over.load(Ordering::Relaxed) {
        for reader in readers.iter_mut() {
            // Nothing to read is the usual answer.
            let _ = reader.read(&mut buffer);
        }
    }
}
