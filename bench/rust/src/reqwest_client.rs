//! Bare reqwest on one thread: what the library is made of, without what it adds.

use crate::measure::{Arguments, Failure, Latencies, Measurement, Tickets, WARM_UP, event_loop};
use hyper::body::Bytes;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub fn run(arguments: &'static Arguments) -> Result<(), Failure> {
    let mut tls = arguments.tls()?;
    tls.alpn_protocols = vec![if arguments.http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .pool_max_idle_per_host(arguments.concurrency)
        .timeout(Duration::from_secs(170))
        .build()?;
    event_loop()?.block_on(async {
        for _ in 0..WARM_UP {
            get(&client, arguments).await?;
        }
        let measurement = Measurement::start();
        let tickets = Arc::new(Tickets::new(arguments.count));
        let start = |_| tokio::spawn(work(arguments, client.clone(), Arc::clone(&tickets)));
        let workers: Vec<_> = (0..arguments.concurrency).map(start).collect();
        let mut latencies = Vec::with_capacity(workers.len());
        for worker in workers {
            latencies.push(worker.await?);
        }
        measurement.finish(latencies, arguments.count);
        Ok(())
    })
}

async fn get(client: &reqwest::Client, arguments: &Arguments) -> Result<Bytes, Failure> {
    let request = client.get(&arguments.url).header("accept", "application/json");
    Ok(request.send().await?.error_for_status()?.bytes().await?)
}

async fn work(arguments: &'static Arguments, client: reqwest::Client, tickets: Arc<Tickets>) -> Latencies {
    let mut latencies = Latencies::with_capacity(arguments.count.div_ceil(arguments.concurrency));
    while tickets.take() {
        let began = Instant::now();
        if get(&client, arguments).await.is_ok_and(|body| !body.is_empty()) {
            latencies.note(began);
        }
    }
    latencies
}
