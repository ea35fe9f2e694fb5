//! Many calls at once, as futures. Any executor will do; this one is tokio's.

use std::error::Error;
use std::sync::Arc;
use tokio::task::JoinSet;
use wazo_auth_client::{Arguments, Client, Options};

async fn run(client: Arc<Client>) -> Result<(), Box<dyn Error>> {
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let client = Arc::clone(&client);
        calls.spawn(async move { client.call_by_name_async("backends.list", &Arguments::new()).await });
    }
    // A future that is dropped before its end ends its call.
    while let Some(ended) = calls.join_next().await {
        println!("{}", ended??.json);
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = Options::new();
    options.set_from_environment()?;
    let client = Arc::new(Client::new(&options)?);
    tokio::runtime::Builder::new_current_thread().build()?.block_on(run(client))
}
