// The tuning numbers of the kernels, apart from their code. Block sizes are multiples of every supported warp width.
#pragma once

namespace ferrule::gpu::tuning {

inline constexpr unsigned kElementwiseThreads = 256;
inline constexpr unsigned kRowThreads = 256;
inline constexpr unsigned kReduceThreads = 256;

// ---- products (kernels/matmul) ----
inline constexpr int kMaxVectors = 8;  // m or n up to this: the matrix is streamed past as many vectors
inline constexpr int kVectorThreads = 256;
// Threads per line where lines lie along k: 4 for lines up to this long, a block for lines at least this long if they
// are few, else a warp. k is split where lines are so few that blocks are missing.
inline constexpr int kRowBytesForFewLanes = 128, kRowBytesForBlock = 4096, kRowBytesPerSplit = 32768;
// Threads along the lines where they lie across k: 128-byte pieces of a row of weights; 64 where k is short (more
// blocks, one launch); 512 where there are lines enough.
inline constexpr int kColumnLanes = 8, kColumnLanesTiny = 4, kColumnLanesWide = 32;
inline constexpr int kColumnSplitDepth = 2048, kColumnDepthPerSplit = 512;
inline constexpr int kTileDepthPerSplit = 256;
inline constexpr int kSplitAlignment = 64, kMaxSplits = 4096;  // of k
inline constexpr int kSplitsPerWarp = 32;                      // from so many on a warp adds up one output
inline constexpr unsigned long long kSplitScratchBytes = 256ull << 20;
// A library is not asked where the own kernels win: at most so many vectors (streaming at memory speed in one launch), or
// products with at most so many multiply-adds (no plan to make, a plain launch inside graphs).
inline constexpr int kOwnVectors = 4;
inline constexpr long long kOwnMultiplyAdds = 1 << 18;
inline constexpr unsigned long long kLibraryWorkspaceBytes = 64ull << 20;  // that an algorithm may ask for
inline constexpr unsigned long long kConvWorkspaceBytes = 256ull << 20;    // the same, of a convolution

// ---- index ----
inline constexpr unsigned kIndexThreads = 256;
inline constexpr unsigned kGatherUnroll = 4;  // units that a thread keeps in flight
inline constexpr unsigned kScatterUnroll = 4;
// A scatter with assign keeps a table of the last writer of each place while there are at most so many places per update;
// with more it sorts the updates.
inline constexpr int kWinnersPerEntry = 16;

// ---- scan ----
inline constexpr unsigned kScanThreads = 256;
// A library scans at most so many lines of at least this length.
inline constexpr unsigned kScanLibraryLines = 4, kScanLibraryLength = 1 << 16;
// A thread per line where neighbouring lines lie side by side in at least so many, or lines are at most so long; chunks of
// at least kScanThreadsChunk where so many threads per multiprocessor are missing.
inline constexpr int kScanThreadsInner = 16;
inline constexpr unsigned kScanThreadsLength = 16, kScanThreadsChunk = 64, kScanThreadsPerMultiprocessor = 1024;
// A warp per line where there are so many or they are short; else a block, in chunks (multiples of kScanBlockChunk, which
// every dtype's tile divides) where the lines are fewer than the multiprocessors.
inline constexpr unsigned kScanWarpsPerMultiprocessor = 16, kScanWarpLength = 1024;
inline constexpr unsigned kScanBlockChunk = 4096, kScanBlocksPerMultiprocessor = 8;

// ---- sort ----
inline constexpr unsigned kSortThreads = 256;
// Lines up to this long are sorted in one block's shared memory (partitions are too).
inline constexpr unsigned kSortTile = 2048;
// A library's radix sort from this length on: of a single line, of each of several.
inline constexpr unsigned kSortLibraryLine = 1 << 15, kSortLibraryLines = 1 << 19;
inline constexpr unsigned kSelectThreads = 512, kSelectBlocks = 1024;
// ---- reductions (kernels/reduce) ----
inline constexpr unsigned kReduceMaxThreads = 512;          // rows: of one output, where outputs are few
inline constexpr unsigned kReduceLoads = 4;                 // wide accesses in flight per thread; a power of two
inline constexpr unsigned kReduceColumnLanes = 32;          // lanes side by side, so that 512 bytes are read at once
inline constexpr unsigned kReduceRowsPerGroup = 4;          // accesses per thread aimed at where outputs are many
inline constexpr unsigned kReduceBlocksPerProcessor = 32;   // that splitting aims at, so that the last wave is short
inline constexpr unsigned kReduceFewBlocks = 4;             // per processor: below it, splits may be small
inline constexpr unsigned kReduceSmallSplitBytes = 32768;   // least bytes per split where blocks are few
inline constexpr unsigned kReduceLargeSplitBytes = 262144;  // and else
inline constexpr unsigned kReduceShortRun = 32;             // elements: shorter runs, many per output, go term by term
inline constexpr unsigned kReduceColumnWork = 4096;         // least elements per block of columns

// ---- rows (kernels/row) ----
inline constexpr unsigned kRowMaxThreads = 512;
inline constexpr unsigned kNormThreads = 256;  // rms_norm, layer_norm: three such blocks per multiprocessor
inline constexpr unsigned kRowElements = 32;   // of a row in each thread's registers, in long rows twice; doubles: half
inline constexpr unsigned kRowSmallElements = 8;  // where a warp then holds the row
inline constexpr unsigned kRowColumnLanes = 32;   // softmax along an outer axis: columns side by side
inline constexpr unsigned kNormVjpThreads = 512, kNormVjpElements = 16;
inline constexpr unsigned kNormVjpBlocksPerProcessor = 2;  // each keeps a row of parameter gradients
inline constexpr unsigned kNormVjpRowsPerGroup = 8;        // at least, before another row of them is kept
inline constexpr unsigned kNormVjpColumnRows = 256;        // long rows: summed by one block of columns

}  // namespace ferrule::gpu::tuning
