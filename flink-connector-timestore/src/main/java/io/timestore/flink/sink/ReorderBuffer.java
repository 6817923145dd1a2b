package io.timestore.flink.sink;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.store.StoreWriter;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;

/**
 * Holds rows until they are written in key order, rows of equal keys in the order in which they
 * came. When it is full, the older half of the rows is written, so that a row that is a little late
 * still finds its place. Where each row came in order so far, all but the last pages are written,
 * and further rows don't wait, up to the next checkpoint: their pages stay in a core's cache. The
 * first row that is out of order ends that for good.
 *
 * <p>Where many rows are too late for their place, the input is in no order that waiting would
 * help, and all is written: so each lane that is begun for late rows gets as many as memory holds.
 *
 * <p>Rows lie in pages; each is sorted for itself when it is full, and then they are merged. Rows
 * that came in order are neither sorted nor copied.
 */
final class ReorderBuffer {
  /** No array of a page is half a region of a small heap: G1 gives such arrays whole regions. */
  private static final int PAGE_BYTES_MAX = 256 << 10;

  private static final int PAGES_MIN = 8;

  /** Pages of rows in order that are held where the buffer was full of such rows. */
  private static final int PAGES_PASSING = 2;

  /** Runs of rows this long are appended as they stand, shorter ones are gathered first. */
  private static final int RUN_ROWS_MIN = 128;

  /** One of so many rows. */
  private static final int LATE_SHARE = 4;

  private static final long LARGEST_KEY = -1L;

  private final StoreWriter writer;
  private final long memoryBytesMax;
  private final int pageBytes;
  private final List<Column> columns;
  private final int columnCount;
  private final Deque<Batch> unused = new ArrayDeque<>();
  private final Batch gathered;
  private final PageSort sort;

  /** In the order in which rows came; the last one takes more, the others are sorted. */
  private List<Page> pages = new ArrayList<>();

  private Page open;
  private long memoryBytesBeforeOpen;

  /** Whether the pages before the open one follow one another in order. */
  private boolean isSequence = true;

  /** Whether each row came in order so far, and waiting for one that does not is no must. */
  private boolean mayPass;

  /** Whether rows don't wait. */
  private boolean isPassing;

  private long rowCount;
  private long lateRowCount;
  private long rowsWritten;
  private long bytesWritten;
  private boolean isAnyWritten;
  private long newest;

  /**
   * An empty buffer.
   *
   * @param columns of the writer's tables, in the same order
   * @param memoryBytesMax of the arrays that hold rows; one page more where rows are moved
   * @param mayPass whether a row that comes too late is no loss: then rows in order need not wait
   *     for it
   * @param newest the largest key that was written before, if any
   */
  ReorderBuffer(
      StoreWriter writer,
      List<Column> columns,
      long memoryBytesMax,
      boolean mayPass,
      OptionalLong newest) {
    this.mayPass = mayPass;
    this.isAnyWritten = newest.isPresent();
    this.newest = newest.orElse(0);
    this.writer = writer;
    this.memoryBytesMax = memoryBytesMax;
    this.pageBytes = (int) Math.max(1, Math.min(PAGE_BYTES_MAX, memoryBytesMax / PAGES_MIN));
    this.columns = List.copyOf(columns);
    this.columnCount = columns.size();
    this.gathered = new Batch(columns);
    this.sort = new PageSort(pageBytes / Long.BYTES + 1);
    this.open = newPage();
  }

  private Page newPage() {
    Page page = new Page(newBatch());
    pages.add(page);
    return page;
  }

  private Batch newBatch() {
    return unused.isEmpty() ? new Batch(columns) : unused.pop();
  }

  /** Where the next row is to be appended; then call {@link #rowAppended}. */
  Batch batch() {
    return open.rows();
  }

  /** Takes note of a row that was appended, and writes old rows if the buffer is full. */
  void rowAppended() throws IOException {
    open.rowAppended();
    rowCount++;
    if (isLate(open.lastKey())) {
      lateRowCount++;
    }
    if (open.isFull(pageBytes)) {
      pageFilled();
    }
  }

  private void pageFilled() throws IOException {
    boolean isOrdered = open.isOrdered();
    sort(pages.size() - 1);
    open = last();
    memoryBytesBeforeOpen += open.memoryBytes();
    isSequence = isSequence && followsInOrder(pages.size() - 1);
    mayPass = mayPass && isOrdered && isSequence;
    isPassing = isPassing && mayPass;
    boolean isRoom = memoryBytesBeforeOpen + pageBytes <= memoryBytesMax;
    if (isRoom && !isPassing) {
      open = newPage();
    } else if (isSequence) {
      isPassing = mayPass;
      writeFirstPages();
      open = newPage();
    } else {
      boolean isInOrder = lateRowCount <= rowCount / LATE_SHARE;
      write(isInOrder ? (rowCount + 1) / 2 : Long.MAX_VALUE, LARGEST_KEY);
    }
  }

  private void sort(int page) {
    Page unsorted = pages.get(page);
    if (!unsorted.isOrdered()) {
      Page sorted = new Page(newBatch());
      sort.sort(unsorted.rows(), sorted.rows());
      pages.set(page, sorted);
      recycle(unsorted.rows());
    }
  }

  private boolean followsInOrder(int page) {
    return page == 0 || pages.get(page - 1).isFollowedInOrderBy(pages.get(page));
  }

  /** Makes room for a page, where all rows came in order. */
  private void writeFirstPages() throws IOException {
    int pagesMax = isPassing ? PAGES_PASSING : Integer.MAX_VALUE;
    while (!pages.isEmpty()
        && (pages.size() > pagesMax || memoryBytesBeforeOpen + pageBytes > memoryBytesMax)) {
      Page first = pages.remove(0);
      memoryBytesBeforeOpen -= first.memoryBytes();
      write(first.rows(), 0, first.rows().rowCount());
      recycle(first.rows());
    }
  }

  /** Rows that are held. */
  long rowCount() {
    return rowCount;
  }

  /** Rows that were written. */
  long rowsWritten() {
    return rowsWritten;
  }

  /** Their bytes in all files. */
  long bytesWritten() {
    return bytesWritten;
  }

  /** The largest key that was written, here or before; empty if there is none. */
  OptionalLong newest() {
    return isAnyWritten ? OptionalLong.of(newest) : OptionalLong.empty();
  }

  /** Whether a row with this key comes too late for its place. */
  boolean isLate(long key) {
    return isAnyWritten && Long.compareUnsigned(key, newest) < 0;
  }

  /** Bytes of all arrays that hold rows. */
  long memoryBytes() {
    return pages.stream().mapToLong(Page::memoryBytes).sum();
  }

  /** The rows that are held, those of equal keys as they came; valid until the next change. */
  List<Batch> held() {
    return pages.stream().map(Page::rows).filter(rows -> rows.rowCount() > 0).toList();
  }

  /** Writes all rows. */
  void writeAll() throws IOException {
    write(Long.MAX_VALUE, LARGEST_KEY);
  }

  /** Writes all rows whose keys are not above this one. */
  void writeUpTo(long key) throws IOException {
    write(Long.MAX_VALUE, key);
  }

  private void write(long rowCountMax, long keyMax) throws IOException {
    isPassing = false;
    sort(pages.size() - 1);
    PageHeap merging = new PageHeap(pages);
    long left = rowCountMax;
    for (Page top = merging.top(); top != null && left > 0; top = merging.top()) {
      if (Long.compareUnsigned(top.nextKey(), keyMax) > 0) {
        break;
      }
      if (isRun(top, left, keyMax) && merging.isTopAlone()) {
        left -= top.left();
        writeGathered();
        write(top.rows(), top.takeAll(), top.rows().rowCount());
      } else {
        left--;
        gathered.appendRow(top.rows(), top.take());
        if (gathered.sizeBytes() >= pageBytes) {
          writeGathered();
        }
      }
      merging.topTaken();
    }
    writeGathered();
    compact();
  }

  /** Whether all that a page has left can be written as it stands. */
  private static boolean isRun(Page page, long left, long keyMax) {
    return page.left() >= RUN_ROWS_MIN
        && page.left() <= left
        && Long.compareUnsigned(page.lastKey(), keyMax) <= 0;
  }

  private void writeGathered() throws IOException {
    if (gathered.rowCount() > 0) {
      write(gathered, 0, gathered.rowCount());
      gathered.clear();
    }
  }

  private void write(Batch rows, int from, int to) throws IOException {
    writer.append(rows, null, from, to);
    int count = to - from;
    rowCount -= count;
    lateRowCount = Math.max(0, lateRowCount - count);
    rowsWritten += count;
    bytesWritten += (long) count * Long.BYTES * (1 + columnCount);
    for (int i = 0; i < columnCount; i++) {
      bytesWritten += rows.column(i).end(to - 1) - rows.column(i).start(from);
    }
    long last = rows.key(to - 1);
    if (!isAnyWritten || Long.compareUnsigned(last, newest) > 0) {
      isAnyWritten = true;
      newest = last;
    }
  }

  /** Moves what is left of pages that were begun together, and lets go of those that are empty. */
  private void compact() {
    List<Page> before = pages;
    pages = new ArrayList<>();
    boolean isFull = true;
    for (Page page : before) {
      if (page.isUntouched()) {
        pages.add(page);
        isFull = true;
        continue;
      }
      while (page.hasNext()) {
        Page target = isFull ? newPage() : last();
        target.rows().appendRow(page.rows(), page.take());
        target.rowAppended();
        isFull = target.isFull(pageBytes);
      }
      recycle(page.rows());
    }
    open = pages.isEmpty() || last().isFull(pageBytes) ? newPage() : last();
    isSequence = true;
    for (int page = 0; page < pages.size() - 1; page++) {
      sort(page);
      isSequence = isSequence && followsInOrder(page);
    }
    memoryBytesBeforeOpen = memoryBytes() - open.memoryBytes();
  }

  private Page last() {
    return pages.get(pages.size() - 1);
  }

  private void recycle(Batch rows) {
    rows.clear();
    if (rows.memoryBytes() <= 4L * pageBytes) {
      unused.push(rows);
    }
  }
}
