package dev.pintle.spark;

import dev.pintle.base.AtomicFile;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroupFactory;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.apache.parquet.schema.MessageType;

/**
 * Rows in Parquet files with zstd compression, each written beside and renamed, so a task that ran twice left one file whichever
 * run was the last.
 */
final class ParquetFiles {
    private static final long NO_BLOCKS = 0;

    private ParquetFiles() {}

    /**
     * Writes a file.
     *
     * @param metadata the file's own keys and values
     * @param rows what is written
     * @param row fills a row
     * @throws dev.pintle.base.PintleException if it cannot be written, as when the disk is full
     */
    static <T> void write(
            Path file, MessageType schema, Map<String, String> metadata, List<T> rows, BiConsumer<T, Group> row) {
        SimpleGroupFactory groups = new SimpleGroupFactory(schema);
        AtomicFile.write(file, channel -> {
            try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(new ChannelFile(channel))
                    .withConf(new PlainParquetConfiguration())
                    .withType(schema)
                    .withExtraMetaData(metadata)
                    .withCompressionCodec(CompressionCodecName.ZSTD)
                    .build()) {
                for (T one : rows) {
                    Group group = groups.newGroup();
                    row.accept(one, group);
                    writer.write(group);
                }
            }
        });
    }

    /**
     * The rows of a file.
     *
     * @throws dev.pintle.base.PintleException if it cannot be read
     */
    static <T> List<T> read(Path file, Function<Group, T> row) {
        try (ParquetReader<Group> reader = new Reader(new LocalInputFile(file)).build()) {
            List<T> rows = new ArrayList<>();
            for (Group group = reader.read(); group != null; group = reader.read()) {
                rows.add(row.apply(group));
            }
            return rows;
        } catch (IOException | RuntimeException e) {
            throw unreadable(file, e);
        }
    }

    /** The file's own keys and values. */
    static Map<String, String> metadata(Path file) {
        try (ParquetFileReader reader = ParquetFileReader.open(new LocalInputFile(file))) {
            return reader.getFileMetaData().getKeyValueMetaData();
        } catch (IOException | RuntimeException e) {
            throw unreadable(file, e);
        }
    }

    private static RuntimeException unreadable(Path file, Exception e) {
        return Problem.of("The Parquet file cannot be read.")
                .fact("file", file)
                .fact("cause", e)
                .fact("try", "to remove it, and submit the job again, which writes it anew")
                .toException(e);
    }

    private static final class Reader extends ParquetReader.Builder<Group> {
        Reader(InputFile file) {
            super(file, new PlainParquetConfiguration());
        }

        @Override
        protected ReadSupport<Group> getReadSupport() {
            return new GroupReadSupport();
        }
    }

    /** The open channel of a file that is being written. */
    private record ChannelFile(FileChannel channel) implements OutputFile {
        @Override
        public PositionOutputStream create(long blockSizeHint) {
            return new PositionOutputStream() {
                private long position;

                @Override
                public long getPos() {
                    return position;
                }

                @Override
                public void write(int b) throws IOException {
                    write(new byte[] {(byte) b}, 0, 1);
                }

                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    AtomicFile.writeFully(channel, ByteBuffer.wrap(bytes, offset, length));
                    position += length;
                }
            };
        }

        @Override
        public PositionOutputStream createOrOverwrite(long blockSizeHint) {
            return create(blockSizeHint);
        }

        @Override
        public boolean supportsBlockSize() {
            return false;
        }

        @Override
        public long defaultBlockSize() {
            return NO_BLOCKS;
        }
    }
}
