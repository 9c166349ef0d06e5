// An allocator for objects that come and go by the million, such as graph nodes: each thread keeps a list of free
// pieces of one size. Memory is kept for reuse until the thread ends, beyond a bound it goes back to the heap.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace ferrule::detail {

template <size_t Bytes>
class PieceCache {
 public:
  static void* take() {
    Pieces& mine = pieces();
    if (mine.closed || mine.free.empty()) return ::operator new(Bytes);
    void* piece = mine.free.back();
    mine.free.pop_back();
    return piece;
  }
  static void give(void* piece) noexcept {
    constexpr size_t kMost = 4096;
    Pieces& mine = pieces();
    if (mine.closed || mine.free.size() >= kMost) {
      ::operator delete(piece);
      return;
    }
    mine.free.push_back(piece);
  }

 private:
  struct Pieces {
    Pieces() {
      try {
        free.reserve(4096);
      } catch (const std::bad_alloc&) {
        closed = true;
      }
    }
    ~Pieces() {
      for (void* piece : free) ::operator delete(piece);
      closed = true;
    }
    std::vector<void*> free;
    bool closed = false;
  };
  static Pieces& pieces() {
    thread_local Pieces instance;
    return instance;
  }
};

// For std::allocate_shared: pieces of the size of the shared object with its counts.
template <typename T>
struct PoolAllocator {
  using value_type = T;
  PoolAllocator() = default;
  template <typename U>
  PoolAllocator(const PoolAllocator<U>&) {}  // NOLINT(google-explicit-constructor)
  T* allocate(size_t n) {
    if (n != 1) return static_cast<T*>(::operator new(n * sizeof(T)));
    return static_cast<T*>(PieceCache<sizeof(T)>::take());
  }
  void deallocate(T* p, size_t n) noexcept {
    if (n != 1)
      ::operator delete(p);
    else
      PieceCache<sizeof(T)>::give(p);
  }
  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }
};

}  // namespace ferrule::detail
