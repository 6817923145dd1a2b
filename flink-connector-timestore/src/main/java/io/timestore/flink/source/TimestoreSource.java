package io.timestore.flink.source;

import io.timestore.flink.types.TableLayout;
import java.io.IOException;
import org.apache.flink.annotation.Internal;
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

/** Reads the rows of a store in key order. */
public final class TimestoreSource
    implements Source<RowData, TimestoreSplit, ScanState>, ResultTypeQueryable<RowData> {
  private static final long serialVersionUID = 1L;

  private final StoreAccess access;
  private final ScanSettings settings;
  private final TypeInformation<RowData> producedType;

  private TimestoreSource(
      StoreAccess access, ScanSettings settings, TypeInformation<RowData> producedType) {
    this.access = access;
    this.settings = settings;
    this.producedType = producedType;
  }

  /**
   * A scan of some columns of a table.
   *
   * @param projection indexes of the DDL's physical columns, one for each field of the rows
   * @param producedType the type of the rows: of the projected columns
   */
  @Internal
  public static TimestoreSource ofTable(
      TableLayout layout,
      int[] projection,
      ScanSettings settings,
      TypeInformation<RowData> producedType) {
    return new TimestoreSource(
        new StoreAccess(layout, projection, settings.verifyChecksums()), settings, producedType);
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
    return new SnapshotEnumerator(context, access, new SplitCutter(settings), state);
  }

  @Override
  public SourceReader<RowData, TimestoreSplit> createReader(SourceReaderContext context)
      throws IOException {
    access.openFormats(context);
    return new TimestoreReader(context, access, settings.limitRows());
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
