package io.timestore.flink.source;

import io.timestore.flink.types.TableLayout;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.table.data.RowData;

/** Reads the rows that a store holds when the job starts. */
public final class TimestoreSource
    implements Source<RowData, TimestoreSplit, ScanState>, ResultTypeQueryable<RowData> {
  private static final long serialVersionUID = 1L;

  private final StoreAccess access;
  private final long splitSizeBytes;
  private final TypeInformation<RowData> producedType;

  /**
   * A scan of some columns.
   *
   * @param projection indexes of the DDL's physical columns, one for each field of the rows
   * @param splitSizeBytes what a reader is given at once, about
   * @param verifyChecksums whether to compare what is read with its checksums
   * @param producedType the type of the rows: of the projected columns
   */
  public TimestoreSource(
      TableLayout layout,
      int[] projection,
      long splitSizeBytes,
      boolean verifyChecksums,
      TypeInformation<RowData> producedType) {
    this.access = new StoreAccess(layout, projection, verifyChecksums);
    this.splitSizeBytes = splitSizeBytes;
    this.producedType = producedType;
  }

  @Override
  public Boundedness getBoundedness() {
    return Boundedness.BOUNDED;
  }

  @Override
  public SplitEnumerator<TimestoreSplit, ScanState> createEnumerator(
      SplitEnumeratorContext<TimestoreSplit> context) {
    return restoreEnumerator(context, ScanState.FRESH);
  }

  @Override
  public SplitEnumerator<TimestoreSplit, ScanState> restoreEnumerator(
      SplitEnumeratorContext<TimestoreSplit> context, ScanState state) {
    return new SnapshotEnumerator(context, access, new SplitCutter(splitSizeBytes), state);
  }

  @Override
  public SourceReader<RowData, TimestoreSplit> createReader(SourceReaderContext context)
      throws IOException {
    access.openFormats(context);
    return new TimestoreReader(context, access);
  }

  @Override
  public SimpleVersionedSerializer<TimestoreSplit> getSplitSerializer() {
    return new TimestoreSplitSerializer();
  }

  @Override
  public SimpleVersionedSerializer<ScanState> getEnumeratorCheckpointSerializer() {
    return new ScanStateSerializer();
  }

  @Override
  public TypeInformation<RowData> getProducedType() {
    return producedType;
  }
}
