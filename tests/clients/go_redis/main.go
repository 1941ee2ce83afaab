// go-redis: `basics HOST PORT`, or `failover SENTINELS NAME PASSWORD` (../programs.py has what is expected of it).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

var ctx = context.Background()

func check(what string, ok bool) {
	if !ok {
		fmt.Fprintln(os.Stderr, "not as expected:", what)
		os.Exit(1)
	}
}

func basics(address string, protocol int) {
	client := redis.NewClient(&redis.Options{Addr: address, Protocol: protocol})
	defer client.Close()
	check("FLUSHALL", client.FlushAll(ctx).Err() == nil)

	var incremented *redis.IntCmd
	_, err := client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Set(ctx, "a", 1, 0)
		incremented = pipe.Incr(ctx, "a")
		return nil
	})
	check("a transaction", err == nil && incremented.Val() == 2)
	err = client.Watch(ctx, func(tx *redis.Tx) error {
		client.Set(ctx, "a", 5, 0)
		_, err := tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error { return pipe.Incr(ctx, "a").Err() })
		return err
	}, "a")
	check("WATCH", errors.Is(err, redis.TxFailedErr))

	unlock := redis.NewScript("return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0")
	client.ScriptFlush(ctx)
	first, _ := unlock.Run(ctx, client, []string{"a"}, "no").Int()
	second, _ := unlock.Run(ctx, client, []string{"a"}, "5").Int()
	check("a script", first == 0 && second == 1)
	check("nothing there", errors.Is(client.Get(ctx, "a").Err(), redis.Nil))

	client.HSet(ctx, "hash", "a", 1, "b", "two")
	client.ZAdd(ctx, "board", redis.Z{Score: 1.5, Member: "bob"})
	check("a hash", client.HGetAll(ctx, "hash").Val()["b"] == "two")
	check("a sorted set", client.ZRangeWithScores(ctx, "board", 0, -1).Val()[0].Score == 1.5)

	subscriber := client.PSubscribe(ctx, "news.*")
	defer subscriber.Close()
	_, err = subscriber.Receive(ctx)
	check("PSUBSCRIBE", err == nil && client.Publish(ctx, "news.today", "rain").Val() == 1)
	message, err := subscriber.ReceiveMessage(ctx)
	check("a message", err == nil && message.Payload == "rain")

	client.XGroupCreateMkStream(ctx, "events", "group", "$")
	id := client.XAdd(ctx, &redis.XAddArgs{Stream: "events", Values: []string{"what", "login"}}).Val()
	read, err := client.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "group", Consumer: "one", Streams: []string{"events", ">"}}).Result()
	check("a stream", err == nil && read[0].Messages[0].ID == id && client.XAck(ctx, "events", "group", id).Val() == 1)
	go client.LPush(ctx, "jobs", "first")
	check("BLMOVE", client.BLMove(ctx, "jobs", "working", "RIGHT", "LEFT", 5*time.Second).Val() == "first")
}

func failover(sentinels, name, password string) {
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: name, SentinelAddrs: strings.Split(sentinels, ","), SentinelPassword: password, Password: password,
	})
	for number := 1; ; number++ {
		if err := client.Set(ctx, fmt.Sprintf("go_redis:%d", number), number, 0).Err(); err == nil {
			fmt.Println(number)
		} else {
			fmt.Fprintln(os.Stderr, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func main() {
	if os.Args[1] == "failover" {
		failover(os.Args[2], os.Args[3], os.Args[4])
	}
	basics(os.Args[2]+":"+os.Args[3], 2)
	basics(os.Args[2]+":"+os.Args[3], 3)
}
