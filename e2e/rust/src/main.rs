//! Serves stores of the crate `timestore` to another process: one command a line on stdin, one answer a line on
//! stdout, until stdin ends. Fields are separated by tabs.
//!
//! | command | answer |
//! |---|---|
//! | `create STORE PATH SEGMENT_LENGTH TABLE…` | `ok`; the directory may exist |
//! | `open STORE PATH SEGMENT_LENGTH TABLE…` | `ok`; for reading and appending |
//! | `append STORE KEY VALUE…` | `ok` |
//! | `keys STORE` | `ok KEY…` |
//! | `read STORE TABLE KEY` | `ok DIGEST`, or `ok` if there is no such key |
//! | `iter STORE FROM TO` | `ok`, then for each row the previous key, the key, and the digest of each table |
//! | `stream STORE FROM TO TABLE` | `ok`, then for each row the previous key, the key, and one digest |
//! | `close STORE` | `ok` |
//!
//! `STORE` is a name that the other side gives to an open store; there may be many, also of one path. A value is
//! not sent but made: `SEED:LENGTH`, see [`value`]. A digest is `LENGTH:HASH`, see [`digest`]. A command that
//! fails is answered by `error` and the chain of causes.
//!
//! The only argument is a directory on the file system of the stores. The first line is `ready`; where io_uring is
//! not to be had, the last line on stderr says so and the exit status is 3.

use std::collections::HashMap;
use std::env::args;
use std::io::{BufRead, Write, stdin, stdout};
use std::panic::catch_unwind;
use std::path::Path;
use std::process::exit;

use anyhow::{Context, Result, anyhow, bail};
use glommio::io::DmaFile;
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement};
use timestore::{ConfigBuilder, Iter, IterParamsBuilder, Reader, Writer};

const NO_IO_URING: i32 = 3;

fn main() -> Result<()> {
    let directory = args().nth(1).context("the argument is a directory")?;
    let executor = executor().unwrap_or_else(|e| {
        eprintln!("io_uring is not available here: {e:#}");
        exit(NO_IO_URING)
    });
    executor.run(async move {
        open_a_file_with_bytes(Path::new(&directory)).await?;
        serve().await
    })
}

/// Glommio reports some kernels without io_uring as errors, and panics on others.
fn executor() -> Result<LocalExecutor> {
    match catch_unwind(|| LocalExecutorBuilder::new(Placement::Unbound).make()) {
        Ok(made) => made.map_err(|e| anyhow!("{e}")),
        Err(_) => bail!("glommio can't set it up"),
    }
}

/// Glommio tries once a process whether reads from a device can be polled: on the first file that it opens there. An
/// empty one makes it believe that they can, and then all reads may fail with "os error 95". The first file of a new
/// store is empty.
async fn open_a_file_with_bytes(directory: &Path) -> Result<()> {
    let path = directory.join("file-with-bytes");
    std::fs::write(&path, [0; 4096])?;
    let file = DmaFile::open(&path).await.map_err(|e| anyhow!("{e}"))?;
    file.close().await.map_err(|e| anyhow!("{e}"))?;
    std::fs::remove_file(&path)?;
    Ok(())
}

async fn serve() -> Result<()> {
    let mut stores = Stores::default();
    say("ready")?;
    for line in stdin().lock().lines() {
        let line = line?;
        let fields: Vec<&str> = line.split('\t').collect();
        match stores.answer(&fields).await {
            Ok(answer) => say(&answer.join("\t"))?,
            Err(e) => say(&format!("error\t{e:#}").replace('\n', " "))?,
        }
    }
    Ok(())
}

fn say(line: &str) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}

struct OpenStore {
    reader: Reader,
    writer: Writer,
}

#[derive(Default)]
struct Stores {
    by_name: HashMap<String, OpenStore>,
}

impl Stores {
    async fn answer(&mut self, fields: &[&str]) -> Result<Vec<String>> {
        let mut answer = vec!["ok".to_owned()];
        match fields {
            ["create", name, path, segment_length, tables @ ..] => {
                let store = open(path, segment_length.parse()?, tables, true).await?;
                self.add(name, store)?;
            }
            ["open", name, path, segment_length, tables @ ..] => {
                let store = open(path, segment_length.parse()?, tables, false).await?;
                self.add(name, store)?;
            }
            ["append", name, key, values @ ..] => {
                let values = values.iter().map(|v| value(v)).collect::<Result<_>>()?;
                self.get(name)?.writer.append(key.parse()?, values).await?;
            }
            ["keys", name] => {
                let keys = self.get(name)?.reader.keys();
                answer.extend(keys.iter_from(0).map(|key| key.to_string()));
            }
            ["read", name, table, key] => {
                if let Some(bytes) = self.get(name)?.reader.read(table, key.parse()?).await? {
                    answer.push(digest(&bytes));
                }
            }
            ["iter", name, from, to] => {
                let reader = &self.get(name)?.reader;
                if let Some(mut rows) = iter(reader, from, to, None).await? {
                    while let Some(((previous, key), _)) = rows.next().await? {
                        answer.push(previous.to_string());
                        answer.push(key.to_string());
                        for table in reader.table_names() {
                            answer.push(digest(&rows.read(table).await?));
                        }
                    }
                    rows.close().await?;
                }
            }
            ["stream", name, from, to, table] => {
                let reader = &self.get(name)?.reader;
                if let Some(mut rows) = iter(reader, from, to, Some(table)).await? {
                    while let Some(((previous, key), bytes)) = rows.next().await? {
                        answer.push(previous.to_string());
                        answer.push(key.to_string());
                        answer.push(digest(&bytes));
                    }
                    rows.close().await?;
                }
            }
            ["close", name] => {
                let store = self.by_name.remove(*name).context("no such store")?;
                store.reader.close().await?;
                store.writer.close().await?;
            }
            _ => bail!("no such command: {}", fields.join(" ")),
        }
        Ok(answer)
    }

    fn add(&mut self, name: &str, store: OpenStore) -> Result<()> {
        match self.by_name.insert(name.to_owned(), store) {
            Some(_) => Err(anyhow!("there was a store of the name {name}")),
            None => Ok(()),
        }
    }

    fn get(&mut self, name: &str) -> Result<&mut OpenStore> {
        self.by_name
            .get_mut(name)
            .with_context(|| format!("no store {name} is open"))
    }
}

async fn open(path: &str, segment_length: u32, tables: &[&str], create: bool) -> Result<OpenStore> {
    let config = ConfigBuilder::default()
        .path(path.into())
        .create_if_not_exists(create)
        .tables(tables.iter().map(|&table| table.to_owned()).collect())
        .segment_length(segment_length)
        .build()?;
    let (writers, readers) = timestore::open(config).await?;
    Ok(OpenStore {
        reader: readers.make().await?,
        writer: writers.make().await?,
    })
}

async fn iter(reader: &Reader, from: &str, to: &str, table: Option<&str>) -> Result<Option<Iter>> {
    let params = IterParamsBuilder::default()
        .from(from.parse()?)
        .to(to.parse()?)
        .table(table)
        .build()?;
    reader.iter(params).await
}

/// The bytes that `SEED:LENGTH` names: SplitMix64 from that seed, each number in little-endian.
fn value(name: &str) -> Result<Vec<u8>> {
    let (seed, length) = name.split_once(':').context("a value is SEED:LENGTH")?;
    let mut state: u64 = seed.parse()?;
    let length: usize = length.parse()?;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(z ^ (z >> 31)).to_le_bytes());
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// Length and FNV-1a of 64 bits, in hex.
fn digest(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{}:{hash:016x}", bytes.len())
}
