import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;

/** Copies one topic into another for half a minute, counting on the way: arguments are the broker and a folder. */
public class Words {
    public static void main(String[] arguments) throws Exception {
        var config = new Properties();
        config.put("application.id", "words");
        config.put("bootstrap.servers", arguments[0]);
        config.put("state.dir", arguments[1] + "/state");
        config.put("group.protocol", "streams");
        config.put("default.key.serde", Serdes.StringSerde.class);
        config.put("default.value.serde", Serdes.StringSerde.class);
        config.put("auto.offset.reset", "earliest");
        config.put("processing.guarantee", "exactly_once_v2");
        config.put("commit.interval.ms", 500);
        var builder = new StreamsBuilder();
        builder.<String, String>stream("words").groupBy((key, value) -> value).count().toStream().mapValues(String::valueOf).to("counts");
        try (var streams = new KafkaStreams(builder.build(), config)) {
            streams.start();
            Thread.sleep(30_000);
        }
    }
}
