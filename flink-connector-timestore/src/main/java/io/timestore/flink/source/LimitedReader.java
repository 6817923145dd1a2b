package io.timestore.flink.source;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiter;
import org.apache.flink.core.io.InputStatus;
import org.jspecify.annotations.Nullable;

/**
 * A reader that waits for a permit before each row. Not Flink's {@code RateLimitedSourceReader},
 * which hands on neither source events nor pauses of splits, and takes a permit for polls that give
 * no row.
 */
final class LimitedReader<T> implements SourceReader<T, TimestoreSplit> {
  private final TimestoreReader<T> reader;
  private final RateLimiter<TimestoreSplit> limiter;
  private @Nullable CompletableFuture<Void> permit;

  LimitedReader(TimestoreReader<T> reader, RateLimiter<TimestoreSplit> limiter) {
    this.reader = reader;
    this.limiter = limiter;
  }

  @Override
  public void start() {
    reader.start();
  }

  @Override
  public InputStatus pollNext(ReaderOutput<T> output) throws Exception {
    CompletableFuture<Void> asked = permit;
    if (asked == null) {
      asked = limiter.acquire().toCompletableFuture().thenApply(unused -> null);
      permit = asked;
    }
    if (!asked.isDone()) {
      return InputStatus.NOTHING_AVAILABLE;
    }
    InputStatus status = reader.pollNext(output);
    if (status == InputStatus.MORE_AVAILABLE) {
      permit = null;
    }
    return status;
  }

  @Override
  public CompletableFuture<Void> isAvailable() {
    CompletableFuture<Void> asked = permit;
    return asked == null || asked.isDone()
        ? reader.isAvailable()
        : asked.thenCombine(reader.isAvailable(), (permitted, available) -> null);
  }

  @Override
  public void addSplits(List<TimestoreSplit> splits) {
    splits.forEach(limiter::notifyAddingSplit);
    reader.addSplits(splits);
  }

  @Override
  public void notifyNoMoreSplits() {
    reader.notifyNoMoreSplits();
  }

  @Override
  public void handleSourceEvents(SourceEvent event) {
    reader.handleSourceEvents(event);
  }

  @Override
  public void pauseOrResumeSplits(
      Collection<String> splitsToPause, Collection<String> splitsToResume) {
    reader.pauseOrResumeSplits(splitsToPause, splitsToResume);
  }

  @Override
  public List<TimestoreSplit> snapshotState(long checkpointId) {
    return reader.snapshotState(checkpointId);
  }

  @Override
  public void notifyCheckpointComplete(long checkpointId) throws Exception {
    limiter.notifyCheckpointComplete(checkpointId);
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
