package io.timestore.flink.sink;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the next row of sorted pages: the smallest key, and of equal ones the oldest page's. */
final class PageHeap {
  private final List<Page> pages;

  /** Each page's next key, so turned that signed comparison orders it. */
  private final long[] keys;

  /** Indexes of pages; each is before those at twice its place plus 1 and plus 2. */
  private final int[] heap;

  private int size;

  /** A heap of all pages that have rows left, from the oldest on; they are sorted. */
  PageHeap(List<Page> pages) {
    this.pages = pages;
    keys = new long[pages.size()];
    heap = new int[pages.size()];
    for (int i = 0; i < keys.length; i++) {
      if (pages.get(i).hasNext()) {
        keys[i] = flipped(pages.get(i).nextKey());
        heap[size++] = i;
      }
    }
    for (int place = size / 2 - 1; place >= 0; place--) {
      siftDown(place);
    }
  }

  private static long flipped(long key) {
    return key ^ Long.MIN_VALUE;
  }

  /** The page with the next row; null if no page has rows left. */
  @Nullable Page top() {
    return size == 0 ? null : pages.get(heap[0]);
  }

  /** Whether all rows that the top page has left come before those of all others. */
  boolean isTopAlone() {
    return size < 2 || isBefore(flipped(pages.get(heap[0]).lastKey()), heap[0], second());
  }

  private int second() {
    return size > 2 && isBefore(keys[heap[2]], heap[2], heap[1]) ? heap[2] : heap[1];
  }

  /** To be called when rows of the top page were taken. */
  void topTaken() {
    int page = heap[0];
    if (pages.get(page).hasNext()) {
      keys[page] = flipped(pages.get(page).nextKey());
    } else {
      heap[0] = heap[--size];
    }
    siftDown(0);
  }

  private void siftDown(int start) {
    int page = heap[start];
    int place = start;
    for (int child = 2 * place + 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && isBefore(keys[heap[child + 1]], heap[child + 1], heap[child])) {
        child++;
      }
      if (isBefore(keys[page], page, heap[child])) {
        break;
      }
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = page;
  }

  private boolean isBefore(long key, int page, int other) {
    return key < keys[other] || (key == keys[other] && page < other);
  }
}
