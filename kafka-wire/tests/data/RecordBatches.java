// Writes the `java-*.batch` and `java-v*.messages` files beside it, with Kafka's own client:
//   java -cp "<folder of Kafka's jars>/*" RecordBatches.java .
// The time in `java-log-append.batch` is that of the run; everything else comes out the same every time.

import java.nio.ByteBuffer;
import java.nio.file.*;
import java.util.List;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.record.*;
import org.apache.kafka.common.record.internal.*;

public class RecordBatches {
    static byte[] b(String s) { return s == null ? null : s.getBytes(java.nio.charset.StandardCharsets.UTF_8); }
    public static void main(String[] a) throws Exception {
        Path dir = Path.of(a[0]);
        String[] names = {"none", "gzip", "snappy", "lz4", "zstd"};
        Compression[] codecs = {Compression.NONE, Compression.gzip().build(), Compression.snappy().build(), Compression.lz4().build(), Compression.zstd().build()};
        SimpleRecord[] records = {
            new SimpleRecord(1700000000000L, b("key"), b("value"), new Header[]{new RecordHeader("trace", b("abc")), new RecordHeader("", null), new RecordHeader("trace", new byte[0])}),
            new SimpleRecord(1700000000250L, null, b("a".repeat(200))),
            new SimpleRecord(1699999999999L, b("gone"), (byte[]) null),
            new SimpleRecord(1700000000001L, new byte[0], new byte[0]),
        };
        for (int i = 0; i < names.length; i++) {
            MemoryRecords r = MemoryRecords.withRecords((byte) 2, 42L, codecs[i], TimestampType.CREATE_TIME, 4711L, (short) 3, 17, 5, true, records);
            write(dir.resolve("java-" + names[i] + ".batch"), r.buffer());
        }
        MemoryRecords la = MemoryRecords.withRecords((byte) 2, 7L, Compression.NONE, TimestampType.LOG_APPEND_TIME, -1L, (short) -1, -1, 0, false, records);
        write(dir.resolve("java-log-append.batch"), la.buffer());
        MemoryRecords marker = MemoryRecords.withEndTransactionMarker(100L, 1700000000000L, 9, 4711L, (short) 3, new EndTransactionMarker(ControlRecordType.COMMIT, 2));
        write(dir.resolve("java-control.batch"), marker.buffer());
        controlBatches(dir);
        messageSets(dir);
    }

    /** What beside transaction markers stands in control batches: what KRaft writes into the log of the metadata. */
    static void controlBatches(Path dir) throws Exception {
        long time = 1700000000000L;
        MemoryRecords abort = MemoryRecords.withEndTransactionMarker(200L, time, 9, 4711L, (short) 3, new EndTransactionMarker(ControlRecordType.ABORT, 7));
        write(dir.resolve("java-control-abort.batch"), abort.buffer());
        LeaderChangeMessage leader = new LeaderChangeMessage().setLeaderId(3).setVoters(List.of(new LeaderChangeMessage.Voter().setVoterId(3)));
        write(dir.resolve("java-control-leader.batch"), MemoryRecords.withLeaderChangeMessage(300L, time, 9, room(), leader).buffer());
        SnapshotHeaderRecord header = new SnapshotHeaderRecord().setLastContainedLogTimestamp(time);
        write(dir.resolve("java-control-snapshot-header.batch"), MemoryRecords.withSnapshotHeaderRecord(0L, time, 9, room(), header).buffer());
        write(dir.resolve("java-control-snapshot-footer.batch"), MemoryRecords.withSnapshotFooterRecord(9L, time, 9, room(), new SnapshotFooterRecord()).buffer());
        KRaftVersionRecord version = new KRaftVersionRecord().setKRaftVersion((short) 1);
        write(dir.resolve("java-control-kraft-version.batch"), MemoryRecords.withKRaftVersionRecord(1L, time, 9, room(), version).buffer());
        VotersRecord voters = new VotersRecord().setVoters(List.of());
        write(dir.resolve("java-control-voters.batch"), MemoryRecords.withVotersRecord(2L, time, 9, room(), voters).buffer());
    }

    /** The formats before record batches: plain, in every codec they had, with gaps as compaction leaves them, with append time. */
    static void messageSets(Path dir) throws Exception {
        String[] names = {"none", "gzip", "snappy", "lz4"};
        Compression[] codecs = {Compression.NONE, Compression.gzip().build(), Compression.snappy().build(), Compression.lz4().build()};
        for (byte magic = 0; magic < 2; magic++) {
            for (int i = 0; i < names.length; i++) {
                long[] offsets = {42, 43, 44, 45};
                write(dir.resolve("java-v" + magic + "-" + names[i] + ".messages"), messages(magic, codecs[i], TimestampType.CREATE_TIME, offsets));
            }
            long[] gaps = {42, 44, 50, 51};
            write(dir.resolve("java-v" + magic + "-compacted.messages"), messages(magic, codecs[1], TimestampType.CREATE_TIME, gaps));
        }
        long[] offsets = {7, 8, 9, 10};
        write(dir.resolve("java-v1-log-append.messages"), messages((byte) 1, codecs[1], TimestampType.LOG_APPEND_TIME, offsets));
        write(dir.resolve("java-v1-log-append-none.messages"), messages((byte) 1, codecs[0], TimestampType.LOG_APPEND_TIME, offsets));
    }
    static ByteBuffer messages(byte magic, Compression codec, TimestampType type, long[] offsets) {
        long appended = type == TimestampType.LOG_APPEND_TIME ? 1700000005000L : RecordBatch.NO_TIMESTAMP;
        MemoryRecordsBuilder builder = MemoryRecords.builder(room(), magic, codec, type, offsets[0], appended);
        SimpleRecord[] records = {
            new SimpleRecord(1700000000000L, b("key"), b("value")),
            new SimpleRecord(1700000000250L, null, b("a".repeat(200))),
            new SimpleRecord(1699999999999L, b("gone"), (byte[]) null),
            new SimpleRecord(1700000000001L, new byte[0], new byte[0]),
        };
        for (int i = 0; i < records.length; i++) {
            SimpleRecord r = records[i];
            builder.appendWithOffset(offsets[i], magic == 0 ? RecordBatch.NO_TIMESTAMP : r.timestamp(), r.key(), r.value());
        }
        return builder.build().buffer();
    }
    static ByteBuffer room() { return ByteBuffer.allocate(4096); }

    static void write(Path p, ByteBuffer buf) throws Exception {
        byte[] out = new byte[buf.remaining()]; buf.duplicate().get(out); Files.write(p, out);
        System.out.println(p.getFileName() + " " + out.length);
    }
}
