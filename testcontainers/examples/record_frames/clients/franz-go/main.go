// Everything that franz-go can ask, as of each version of Kafka from 2.1 on. Errors are for the log: a refusal is a frame too.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

var codecs = []kgo.CompressionCodec{
	kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
}

const text = "one potato, two potatoes, three potatoes, four, five potatoes, six potatoes, seven potatoes, more"

func main() {
	for at, version := range kversion.VersionStrings() {
		versions := kversion.FromString(version)
		if !versions.HasKey(43) { // ElectLeaders came with 2.2.
			continue
		}
		fmt.Fprintln(os.Stderr, "---", version)
		run(at, versions)
	}
}

func client(versions *kversion.Versions, more ...kgo.Opt) *kgo.Client {
	options := append([]kgo.Opt{
		kgo.SeedBrokers(os.Getenv("KAFKA")), kgo.MaxVersions(versions), kgo.ClientID("franz"), kgo.RequestRetries(1),
		kgo.FetchMaxWait(200 * time.Millisecond), kgo.AllowAutoTopicCreation(), kgo.MetadataMinAge(20 * time.Millisecond),
	}, more...)
	made, err := kgo.NewClient(options...)
	if err != nil {
		panic(err)
	}
	return made
}

func limit(of time.Duration) context.Context {
	limited, _ := context.WithTimeout(context.Background(), of)
	return limited
}

func soon() context.Context { return limit(5 * time.Second) }

func say(what string, err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, what, err)
	}
}

func run(at int, versions *kversion.Versions) {
	topic := fmt.Sprintf("topic-%d", at)
	group := fmt.Sprintf("group-%d", at)
	admins := client(versions)
	defer admins.Close()
	admin := kadm.NewClient(admins)
	admin.SetTimeoutMillis(3000)
	_, err := admin.CreateTopic(soon(), 2, 1, map[string]*string{"cleanup.policy": kadm.StringPtr("compact")}, topic)
	say("create", err)

	for _, codec := range codecs {
		producer := client(versions, kgo.ProducerBatchCompression(codec), kgo.DefaultProduceTopic(topic))
		record := func() *kgo.Record {
			return &kgo.Record{Key: []byte("key"), Value: []byte(text), Headers: []kgo.RecordHeader{{Key: "kind", Value: []byte("test")}}}
		}
		say("produce", producer.ProduceSync(soon(), record(), record()).FirstErr())
		producer.Close()
		reader := client(versions, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart(), 1: kgo.NewOffset().AtStart()}}))
		reader.PollFetches(limit(time.Second))
		reader.Close()
	}
	consume(versions, topic, group)
	transact(versions, topic, group, fmt.Sprintf("transfer-%d", at))
	if versions.HasKey(76) {
		share(versions, topic, fmt.Sprintf("share-%d", at), admin)
	}
	administer(admin, topic, group)
	login(versions)
	raw(admins, topic)
	_, err = admin.DeleteTopics(soon(), topic)
	say("delete", err)
}

func consume(versions *kversion.Versions, topic, group string) {
	for _, member := range []string{"", "still"} {
		options := []kgo.Opt{kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group), kgo.DisableAutoCommit(), kgo.HeartbeatInterval(300 * time.Millisecond),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted())}
		if member != "" {
			options = append(options, kgo.InstanceID(member))
		}
		consumer := client(versions, options...)
		consumer.PollFetches(limit(3 * time.Second))
		consumer.PollFetches(limit(500 * time.Millisecond))
		say("commit", consumer.CommitUncommittedOffsets(soon()))
		consumer.LeaveGroup()
		consumer.Close()
	}
}

func transact(versions *kversion.Versions, topic, group, id string) {
	session, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(os.Getenv("KAFKA")), kgo.MaxVersions(versions), kgo.ClientID("franz"),
		kgo.TransactionalID(id), kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group+"-moved"), kgo.DefaultProduceTopic(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(200*time.Millisecond), kgo.RequireStableFetchOffsets())
	if err != nil {
		say("transact", err)
		return
	}
	defer session.Close()
	say("begin", session.Begin())
	session.PollFetches(limit(3 * time.Second))
	say("produce", session.ProduceSync(soon(), kgo.KeyStringRecord("key", text)).FirstErr())
	_, err = session.End(soon(), kgo.TryCommit)
	say("end", err)
}

func share(versions *kversion.Versions, topic, group string, admin *kadm.Client) {
	alter := kmsg.NewPtrIncrementalAlterConfigsRequest()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = 32, group
	config := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	config.Name, config.Value = "share.auto.offset.reset", kmsg.StringPtr("earliest")
	resource.Configs = append(resource.Configs, config)
	alter.Resources = append(alter.Resources, resource)
	consumer := client(versions, kgo.ConsumeTopics(topic), kgo.ShareGroup(group))
	_, err := alter.RequestWith(soon(), consumer)
	say("configure", err)
	for range 4 {
		fetched := consumer.PollFetches(limit(2 * time.Second))
		fetched.EachRecord(func(record *kgo.Record) { record.Ack(kgo.AckAccept) })
	}
	_, err = admin.DescribeShareGroups(soon(), group)
	say("describe", err)
	consumer.Close()
	_, err = admin.DescribeShareGroupOffsets(soon(), group)
	say("offsets", err)
	var to kadm.Offsets
	to.AddOffset(topic, 0, 1, 0)
	_, err = admin.AlterShareGroupOffsets(soon(), group, to)
	say("alter", err)
	_, err = admin.DeleteShareGroupOffsets(soon(), group, topic)
	say("delete", err)
}

func administer(admin *kadm.Client, topic, group string) {
	var set kadm.TopicsSet
	set.Add(topic, 0, 1)
	try := func(what string, call func() error) { say(what, call()) }
	try("metadata", func() error { _, err := admin.Metadata(soon(), topic); return err })
	try("all", func() error { _, err := admin.ListTopics(soon()); return err })
	try("partitions", func() error { _, err := admin.CreatePartitions(soon(), 1, topic); return err })
	try("groups", func() error { _, err := admin.ListGroups(soon(), "Empty", "Stable"); return err })
	try("group", func() error { _, err := admin.DescribeGroups(soon(), group); return err })
	try("consumer group", func() error { _, err := admin.DescribeConsumerGroups(soon(), group); return err })
	try("offsets", func() error { _, err := admin.FetchOffsets(soon(), group); return err })
	try("many offsets", func() error { admin.FetchManyOffsets(soon(), group, group+"-moved"); return nil })
	try("coordinators", func() error { admin.FindGroupCoordinators(soon(), group, "other"); return nil })
	try("ends", func() error { _, err := admin.ListEndOffsets(soon(), topic); return err })
	try("after", func() error { _, err := admin.ListOffsetsAfterMilli(soon(), 1, topic); return err })
	try("newest", func() error { _, err := admin.ListMaxTimestampOffsets(soon(), topic); return err })
	var epochs kadm.OffsetForLeaderEpochRequest
	epochs.Add(topic, 0, 0)
	try("epochs", func() error { _, err := admin.OffsetForLeaderEpoch(soon(), epochs); return err })
	var before kadm.Offsets
	before.AddOffset(topic, 0, 1, -1)
	try("records", func() error { _, err := admin.DeleteRecords(soon(), before); return err })
	try("forget", func() error { _, err := admin.DeleteOffsets(soon(), group, set); return err })

	configs := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: kadm.StringPtr("60000")}}
	try("config", func() error { _, err := admin.AlterTopicConfigs(soon(), configs, topic); return err })
	try("configs", func() error { _, err := admin.AlterTopicConfigsState(soon(), configs, topic); return err })
	try("quota", func() error {
		entity := kadm.ClientQuotaEntity{{Type: "user", Name: kadm.StringPtr("alice")}}
		_, err := admin.AlterClientQuotas(soon(), []kadm.AlterClientQuotaEntry{{Entity: entity, Ops: []kadm.AlterClientQuotaOp{{Key: "producer_byte_rate", Value: 1e6}}}})
		return err
	})
	try("quotas", func() error {
		_, err := admin.DescribeClientQuotas(soon(), true, []kadm.DescribeClientQuotaComponent{{Type: "user", MatchName: kadm.StringPtr("alice")}})
		return err
	})
	try("scram", func() error {
		_, err := admin.AlterUserSCRAMs(soon(), []kadm.DeleteSCRAM{{User: "eve", Mechanism: kadm.ScramSha512}},
			[]kadm.UpsertSCRAM{{User: "carol", Mechanism: kadm.ScramSha256, Iterations: 4096, Password: "carol-secret"}})
		return err
	})
	try("scrams", func() error { _, err := admin.DescribeUserSCRAMs(soon(), "carol"); return err })
	acl := kadm.NewACLs().Topics(topic).Groups(group).Allow("User:bob").AllowHosts().Operations(kadm.OpRead).ResourcePatternType(kadm.ACLPatternLiteral)
	try("acl", func() error { _, err := admin.CreateACLs(soon(), acl); return err })
	try("acls", func() error { _, err := admin.DescribeACLs(soon(), acl); return err })
	try("no acl", func() error { _, err := admin.DeleteACLs(soon(), acl); return err })

	folder := ""
	try("folders", func() error {
		folders, err := admin.DescribeAllLogDirs(soon(), set)
		folders.Each(func(found kadm.DescribedLogDir) { folder = found.Dir })
		return err
	})
	try("folder", func() error {
		_, err := admin.AlterAllReplicaLogDirs(soon(), kadm.AlterReplicaLogDirsReq{folder: set})
		return err
	})
	try("elect", func() error { _, err := admin.ElectLeaders(soon(), kadm.ElectPreferredReplica, set); return err })
	try("move", func() error {
		_, err := admin.AlterPartitionAssignments(soon(), kadm.AlterPartitionAssignmentsReq{topic: {0: {1}, 1: nil}})
		return err
	})
	try("moves", func() error { _, err := admin.ListPartitionReassignments(soon(), set); return err })
	try("producers", func() error { _, err := admin.DescribeProducers(soon(), set); return err })
	try("transactions", func() error { _, err := admin.ListTransactions(soon(), nil, nil); return err })
	try("transaction", func() error { _, err := admin.DescribeTransactions(soon(), "transfer-20", "none"); return err })
	try("markers", func() error {
		_, err := admin.WriteTxnMarkers(soon(), kadm.TxnMarkers{ProducerID: 4711, Topics: set})
		return err
	})
	try("features", func() error {
		_, err := admin.UpdateFeatures(soon(), true, kadm.FeatureUpdate{Feature: "transaction.version", MaxVersionLevel: 2, UpgradeType: 1})
		return err
	})
	try("resources", func() error { _, err := admin.ListConfigResources(soon()); return err })
	try("leave", func() error { _, err := admin.LeaveGroup(soon(), kadm.LeaveGroup(group).InstanceIDs("still")); return err })
	try("end group", func() error { _, err := admin.DeleteGroups(soon(), group); return err })
}

func login(versions *kversion.Versions) {
	alice := client(versions, kgo.SeedBrokers(os.Getenv("KAFKA_SASL")), kgo.SASL(plain.Auth{User: "alice", Pass: "alice-secret"}.AsMechanism()))
	defer alice.Close()
	admin := kadm.NewClient(alice)
	token, err := admin.CreateDelegationToken(soon(), kadm.CreateDelegationToken{Renewers: []kadm.Principal{{Type: "User", Name: "bob"}}, MaxLifetime: time.Hour})
	say("token", err)
	_, err = admin.DescribeDelegationTokens(soon(), kadm.Principal{Type: "User", Name: "alice"})
	say("tokens", err)
	_, err = admin.RenewDelegationToken(soon(), token.HMAC, time.Hour)
	say("renew", err)
	_, err = admin.ExpireDelegationToken(soon(), token.HMAC, -1)
	say("expire", err)
	carol := client(versions, kgo.SeedBrokers(os.Getenv("KAFKA_SASL")), kgo.SASL(scram.Auth{User: "carol", Pass: "carol-secret"}.AsSha256Mechanism()))
	defer carol.Close()
	say("scram", carol.Ping(soon()))
}

// Requests for which there is no other way than by hand.
func raw(client *kgo.Client, topic string) {
	ask := func(request kmsg.Request) {
		_, err := client.Request(soon(), request)
		say(kmsg.NameForKey(request.Key()), err)
	}
	configs := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName, resource.ConfigNames = kmsg.ConfigResourceTypeTopic, topic, []string{"retention.ms", "cleanup.policy"}
	configs.Resources, configs.IncludeSynonyms, configs.IncludeDocumentation = append(configs.Resources, resource), true, true
	ask(configs)
	ask(kmsg.NewPtrDescribeClusterRequest())
	quorum := kmsg.NewPtrDescribeQuorumRequest()
	quorums := kmsg.NewDescribeQuorumRequestTopic()
	quorums.Topic = "__cluster_metadata"
	quorums.Partitions = append(quorums.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
	quorum.Topics = append(quorum.Topics, quorums)
	ask(quorum)
	unregister := kmsg.NewPtrUnregisterBrokerRequest()
	unregister.BrokerID = 99
	ask(unregister)
	topics := kmsg.NewPtrDescribeTopicPartitionsRequest()
	wanted := kmsg.NewDescribeTopicPartitionsRequestTopic()
	wanted.Topic = topic
	topics.Topics, topics.ResponsePartitionLimit = append(topics.Topics, wanted), 1
	ask(topics)
	ask(kmsg.NewPtrGetTelemetrySubscriptionsRequest())
	add := kmsg.NewPtrAddRaftVoterRequest()
	add.ClusterID, add.VoterID, add.TimeoutMillis = kmsg.StringPtr("nowhere"), 9, 100
	listener := kmsg.NewAddRaftVoterRequestListener()
	listener.Name, listener.Host, listener.Port = "CONTROLLER", "127.0.0.1", 9
	add.Listeners = append(add.Listeners, listener)
	ask(add)
	remove := kmsg.NewPtrRemoveRaftVoterRequest()
	remove.VoterID = 9
	ask(remove)
	streams := kmsg.NewPtrStreamsGroupDescribeRequest()
	streams.Groups = []string{"nobody"}
	ask(streams)
}
