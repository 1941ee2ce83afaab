//! redis-rs: `basics HOST PORT`, or `failover SENTINELS NAME PASSWORD` (../programs.py has what is expected of it).
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::streams::StreamReadReply;
use redis::{Commands, Connection, RedisConnectionInfo, RedisResult};
use std::{env, thread, time::Duration};

const PAUSE: Duration = Duration::from_millis(10);
const TIMEOUT: Duration = Duration::from_secs(1);

fn basics(url: &str) -> RedisResult<()> {
    let client = redis::Client::open(url)?;
    let mut one = client.get_connection()?;
    let _: () = redis::cmd("FLUSHALL").query(&mut one)?;
    let (number,): (i64,) = redis::pipe().atomic().set("a", 1).ignore().incr("a", 1).query(&mut one)?;
    assert_eq!(number, 2);
    let unlock = redis::Script::new("return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0");
    let _: () = redis::cmd("SCRIPT").arg("FLUSH").query(&mut one)?;
    let refused: i64 = unlock.key("a").arg("no").invoke(&mut one)?;
    let done: i64 = unlock.key("a").arg("2").invoke(&mut one)?;
    assert_eq!((refused, done), (0, 1));
    let _: () = one.mset(&(0..500).map(|n| (format!("many:{n}"), n)).collect::<Vec<_>>())?;
    assert_eq!(one.scan_match::<_, String>("many:*")?.count(), 500);
    let _: () = one.zadd("board", "bob", 1.5)?;
    let board: Vec<(String, f64)> = one.zrange_withscores("board", 0, -1)?;
    assert_eq!(board, [("bob".to_string(), 1.5)]);
    let id: String = one.xadd("events", "*", &[("what", "login")])?;
    let read: StreamReadReply = one.xread(&["events"], &["0"])?;
    assert_eq!(read.keys[0].ids[0].id, id);

    let mut other = client.get_connection()?;
    let mut subscriber = other.as_pubsub();
    subscriber.psubscribe("news.*")?;
    let _: () = one.publish("news.today", "rain")?;
    assert_eq!(subscriber.get_message()?.get_payload::<String>()?, "rain");
    Ok(())
}

fn connect(sentinel: &mut SentinelClient) -> RedisResult<Connection> {
    let connection = sentinel.get_connection()?;
    connection.set_read_timeout(Some(TIMEOUT))?;
    Ok(connection)
}

fn failover(sentinels: &str, name: &str, password: &str) -> RedisResult<()> {
    let urls: Vec<String> = sentinels.split(',').map(|address| format!("redis://:{password}@{address}")).collect();
    let node = SentinelNodeConnectionInfo::default()
        .set_redis_connection_info(RedisConnectionInfo::default().set_password(password));
    let mut sentinel = SentinelClient::build(urls, name.to_string(), Some(node), SentinelServerType::Master)?;
    let mut connection = None;
    for number in 1.. {
        let done = match connection.take().map_or_else(|| connect(&mut sentinel), Ok) {
            Ok(mut open) => open.set::<_, _, ()>(format!("redis_rs:{number}"), number).map(|()| open),
            Err(error) => Err(error),
        };
        match done {
            Ok(open) => {
                connection = Some(open);
                println!("{number}");
            }
            Err(error) => eprintln!("{error}"),
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

fn main() -> RedisResult<()> {
    let words: Vec<String> = env::args().collect();
    if words[1] == "failover" {
        return failover(&words[2], &words[3], &words[4]);
    }
    let address = format!("redis://{}:{}", words[2], words[3]);
    basics(&address)?;
    basics(&format!("{address}/?protocol=resp3"))
}
