// Lettuce: `basics HOST PORT`, or `failover SENTINELS NAME PASSWORD` (../programs.py has what is expected of it).
import io.lettuce.core.*;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.masterreplica.MasterReplica;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;

public class Client {
  static void check(String what, boolean ok) {
    if (!ok) throw new AssertionError("not as expected: " + what);
  }

  static void basics(String host, int port) throws Exception {
    var client = RedisClient.create(RedisURI.create(host, port));
    var redis = client.connect().sync();
    redis.flushall();
    redis.multi();
    redis.set("a", "1");
    redis.incr("a");
    check("a transaction", redis.exec().get(1).equals(2L));
    var unlock = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0";
    var digest = redis.scriptLoad(unlock);
    check("a script", redis.<Long>evalsha(digest, ScriptOutputType.INTEGER, new String[] {"a"}, "no") == 0);
    check("a script", redis.<Long>evalsha(digest, ScriptOutputType.INTEGER, new String[] {"a"}, "2") == 1);
    for (int i = 0; i < 500; i++) redis.set("many:" + i, "v");
    check("SCAN", ScanIterator.scan(redis, ScanArgs.Builder.matches("many:*")).stream().distinct().count() == 500);
    redis.zadd("board", 1.5, "bob");
    check("a sorted set", redis.zrangeWithScores("board", 0, -1).get(0).getScore() == 1.5);
    redis.lpush("jobs", "first");
    check("BLMOVE", "first".equals(redis.blmove("jobs", "working", LMoveArgs.Builder.rightLeft(), 1)));
    var id = redis.xadd("events", "what", "login");
    check("a stream", redis.xread(XReadArgs.StreamOffset.from("events", "0")).get(0).getId().equals(id));

    var heard = new ArrayBlockingQueue<String>(1);
    var subscriber = client.connectPubSub();
    subscriber.addListener(new RedisPubSubAdapter<>() {
      @Override public void message(String pattern, String channel, String text) { heard.add(text); }
    });
    subscriber.sync().psubscribe("news.*");
    redis.publish("news.today", "rain");
    check("a message", "rain".equals(heard.poll(5, TimeUnit.SECONDS)));
    client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
  }

  static void failover(String sentinels, String name, String password) throws Exception {
    var uri = RedisURI.builder().withSentinelMasterId(name).withPassword(password.toCharArray()).withTimeout(Duration.ofSeconds(1));
    for (var address : sentinels.split(",")) {
      var parts = address.split(":");
      uri.withSentinel(parts[0], Integer.parseInt(parts[1]), password);
    }
    RedisCommands<String, String> redis = null;
    for (int number = 1; ; number++) {
      try {
        if (redis == null) redis = MasterReplica.connect(RedisClient.create(), StringCodec.UTF8, uri.build()).sync();
        redis.set("lettuce:" + number, String.valueOf(number));
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
