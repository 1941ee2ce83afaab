# redis-rb: `basics HOST PORT`, or `failover SENTINELS NAME PASSWORD` (../programs.py has what is expected of it).
require "redis"

$stdout.sync = true

def check(what, ok)
  raise "not as expected: #{what}" unless ok
end

# The ways of Sidekiq: a reliable fetch, jobs of a time moved to their queue by a script, counters in a pipeline.
def sidekiq(redis)
  redis.lpush("queue:default", %w[one two three])
  check("fetch", redis.brpoplpush("queue:default", "working", timeout: 1) == "one")
  check("acknowledge", redis.lrem("working", -1, "one") == 1)
  redis.zadd("schedule", [[1, "due"], [9e9, "later"]])
  pop = redis.script(:load, <<~LUA)
    local jobs = redis.call("zrange", KEYS[1], "-inf", ARGV[1], "byscore", "limit", 0, 1)
    if jobs[1] then
      redis.call("zrem", KEYS[1], jobs[1])
      return jobs[1]
    end
  LUA
  check("a due job", 2.times.map { redis.evalsha(pop, ["schedule"], [Time.now.to_f.to_s]) } == ["due", nil])
  check("counters", redis.pipelined { |pipe| pipe.incrby("stat:processed", 2); pipe.expire("stat:processed", 60) } == [2, true])
  check("a bulk", redis.brpop("queue:default", "queue:low", timeout: 1) == %w[queue:default two])
end

def basics(host, port)
  redis = Redis.new(host: host, port: port)
  redis.flushall
  check("a transaction", redis.multi { |tx| tx.set("a", 1); tx.incr("a") } == ["OK", 2])
  redis.mapped_hmset("hash", "a" => 1, "b" => "two")
  check("a hash", redis.hgetall("hash") == { "a" => "1", "b" => "two" })
  check("a scan", redis.tap { |r| 500.times { |i| r.set("many:#{i}", i) } }.scan_each(match: "many:*").to_a.uniq.size == 500)
  id = redis.xadd("events", { "what" => "login" })
  check("a stream", redis.xread("events", "0") == { "events" => [[id, { "what" => "login" }]] })
  subscriber = Redis.new(host: host, port: port)
  subscriber.psubscribe("news.*") do |on|
    on.psubscribe { redis.publish("news.today", "rain") }
    on.pmessage { |_, _, text| subscriber.punsubscribe if text == "rain" }
  end
  sidekiq(redis)
end

def failover(sentinels, name, password)
  addresses = sentinels.split(",").map { |address| address.split(":") }
  redis = Redis.new(url: "redis://#{name}", password: password, role: :master, timeout: 1,
                    sentinels: addresses.map { |host, port| { host: host, port: port.to_i, password: password } })
  (1..).each do |number|
    begin
      redis.set("redis_rb:#{number}", number)
      puts number
    rescue Redis::BaseError => error
      warn error.message
    end
    sleep 0.01
  end
end

if ARGV[0] == "basics"
  basics(ARGV[1], ARGV[2].to_i)
else
  failover(*ARGV[1..])
end
