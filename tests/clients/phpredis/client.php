<?php
// phpredis: `basics HOST PORT`, or `failover SENTINELS NAME PASSWORD` (../programs.py has what is expected of it).
const TIMEOUT_S = 1.0;
const PAUSE_US = 10000;

function check(string $what, bool $ok): void
{
    if (!$ok) {
        throw new Exception("not as expected: $what");
    }
}

function basics(string $host, int $port): void
{
    $redis = new Redis();
    $redis->connect($host, $port, TIMEOUT_S);
    $redis->flushAll();
    check('a transaction', $redis->multi()->set('a', 1)->incr('a')->exec() == [true, 2]);
    check('a pipeline', $redis->multi(Redis::PIPELINE)->sAdd('s', 'x', 'y')->sCard('s')->exec() == [2, 2]);
    $unlock = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0";
    check('a script', $redis->eval($unlock, ['a', 'no'], 1) === 0 && $redis->eval($unlock, ['a', '2'], 1) === 1);
    $redis->hMSet('hash', ['a' => 1, 'b' => 'two']);
    check('a hash', $redis->hGetAll('hash') == ['a' => '1', 'b' => 'two']);
    $redis->zAdd('board', 1.5, 'bob');
    check('a sorted set', $redis->zRange('board', 0, -1, true) == ['bob' => 1.5]);
    $redis->lPush('jobs', 'first');
    check('BRPOPLPUSH', $redis->bRPopLPush('jobs', 'working', 1) === 'first');
    $id = $redis->xAdd('events', '*', ['what' => 'login']);
    check('a stream', $redis->xRead(['events' => '0']) == ['events' => [$id => ['what' => 'login']]]);
    // What its session handler and locks do.
    check('SET NX', $redis->set('lock', 'me', ['nx', 'px' => 10000]) && !$redis->set('lock', 'you', ['nx', 'px' => 10000]));
    $redis->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_PHP);
    $redis->set('object', ['n' => [1, 2.5, null]]);
    check('a serialized value', $redis->get('object') === ['n' => [1, 2.5, null]]);
}

/** phpredis itself follows nothing: whoever uses it asks a sentinel when a connection ends. */
function connect(array $sentinels, string $name, string $password): Redis
{
    foreach ($sentinels as $address) {
        try {
            [$host, $port] = explode(':', $address);
            $sentinel = new RedisSentinel($host, (int)$port, TIMEOUT_S, null, 0, TIMEOUT_S, $password);
            $primary = $sentinel->getMasterAddrByName($name);
        } catch (RedisException) {
            continue;
        }
        $redis = new Redis();
        $redis->connect($primary[0], (int)$primary[1], TIMEOUT_S, null, 0, TIMEOUT_S);
        $redis->auth($password);
        return $redis;
    }
    throw new RedisException('no sentinel answers');
}

function failover(string $sentinels, string $name, string $password): void
{
    $redis = null;
    for ($number = 1; ; $number++) {
        try {
            $redis ??= connect(explode(',', $sentinels), $name, $password);
            if (!$redis->set("phpredis:$number", $number)) {
                throw new RedisException($redis->getLastError());
            }
            echo "$number\n";
        } catch (RedisException $error) {
            $redis = null;
            fwrite(STDERR, $error->getMessage() . "\n");
        }
        usleep(PAUSE_US);
    }
}

$argv[1] === 'basics' ? basics($argv[2], (int)$argv[3]) : failover($argv[2], $argv[3], $argv[4]);
