// Jedis: `basics HOST PORT`, or `failover SENTINELS NAME PASSWORD` (../programs.py has what is expected of it).
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import redis.clients.jedis.*;

public class Client {
  static void check(String what, boolean ok) {
    if (!ok) throw new AssertionError("not as expected: " + what);
  }

  static void basics(String host, int port) {
    var redis = RedisClient.create(host, port);
    redis.flushAll();
    try (var transaction = redis.multi()) {
      transaction.set("a", "1");
      var incremented = transaction.incr("a");
      transaction.exec();
      check("a transaction", incremented.get() == 2);
    }
    var unlock = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0";
    check("a script", redis.eval(unlock, List.of("a"), List.of("no")).equals(0L));
    check("a script", redis.eval(unlock, List.of("a"), List.of("2")).equals(1L));
    redis.hset("hash", "a", "1");
    check("a hash", redis.hexpire("hash", 100, "a", "b").equals(List.of(1L, -2L)));
    redis.zadd("board", 1.5, "bob");
    check("a sorted set", redis.zrangeWithScores("board", 0, -1).get(0).getScore() == 1.5);
    redis.lpush("jobs", "first");
    check("BRPOPLPUSH", "first".equals(redis.brpoplpush("jobs", "working", 1)));
    check("nobody's job", redis.blpop(1, "jobs") == null);
    redis.close();
  }

  static void failover(String sentinels, String name, String password) throws Exception {
    var addresses = Arrays.stream(sentinels.split(",")).map(HostAndPort::from).collect(Collectors.toSet());
    var config = DefaultJedisClientConfig.builder().password(password).build();
    var redis = RedisSentinelClient.builder().masterName(name).sentinels(addresses).clientConfig(config)
        .sentinelClientConfig(config).build();
    for (int number = 1; ; number++) {
      try {
        redis.set("jedis:" + number, String.valueOf(number));
        System.out.println(number);
      } catch (RuntimeException error) {
        System.err.println(error);
      }
      Thread.sleep(10);
    }
  }

  public static void main(String[] words) throws Exception {
    if (words[0].equals("basics")) basics(words[1], Integer.parseInt(words[2]));
    else failover(words[1], words[2], words[3]);
  }
}
