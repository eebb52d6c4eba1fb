// A chat of rooms on Centrifuge, whose channels are the rooms: anybody may
// subscribe and publish, as Centrifugo allows it with an option per namespace.
//
// Arguments: the port, and the URL of a Redis unless memory is enough.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/centrifugal/centrifuge"
)

const (
	historySize = 100
	historyTTL  = time.Minute
)

func main() {
	log.SetFlags(0)
	port, redisURL := os.Args[1], ""
	if len(os.Args) > 2 {
		redisURL = os.Args[2]
	}
	node, err := newNode(redisURL)
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin:        func(*http.Request) bool { return true },
		UseWriteBufferPool: true,
	}))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}

func newNode(redisURL string) (*centrifuge.Node, error) {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return nil, err
	}
	if redisURL != "" {
		if err := useRedis(node, redisURL); err != nil {
			return nil, err
		}
	}
	letAnybodyTalk(node, redisURL != "")
	return node, node.Run()
}

func useRedis(node *centrifuge.Node, url string) error {
	shard, err := centrifuge.NewRedisShard(node, centrifuge.RedisShardConfig{Address: url})
	if err != nil {
		return err
	}
	broker, err := centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{
		Shards: []*centrifuge.RedisShard{shard},
	})
	if err != nil {
		return err
	}
	node.SetBroker(broker)
	return nil
}

func letAnybodyTalk(node *centrifuge.Node, withHistory bool) {
	subscribing := centrifuge.SubscribeOptions{EnableRecovery: withHistory}
	var publishing centrifuge.PublishOptions
	if withHistory {
		publishing.HistorySize, publishing.HistoryTTL = historySize, historyTTL
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
			reply(centrifuge.SubscribeReply{Options: subscribing}, nil)
		})
		client.OnPublish(func(_ centrifuge.PublishEvent, reply centrifuge.PublishCallback) {
			reply(centrifuge.PublishReply{Options: publishing}, nil)
		})
	})
}
