// Round trips, interchange with NumPy's and safetensors' own bytes, and what a crash leaves behind.
#include <ferrule/ferrule.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <thread>

#include "temp_dir.h"

namespace fr = ferrule;

namespace {

const fr::Dtype kAllDtypes[] = {fr::bool_,    fr::uint8,   fr::uint16,  fr::uint32,   fr::uint64,
                                fr::int8,     fr::int16,   fr::int32,   fr::int64,    fr::float16,
                                fr::bfloat16, fr::float32, fr::float64, fr::complex64};
const fr::Shape kShapes[] = {{}, {0}, {1}, {3, 4}, {2, 0, 3}, {2, 3, 1, 5}};

// An array whose bytes count up (bool: alternate).
fr::array sample(const fr::Shape& shape, fr::Dtype dtype) {
  size_t n = dtype.size();
  for (int64_t extent : shape) n *= static_cast<size_t>(extent);
  auto* bytes = static_cast<unsigned char*>(std::malloc(n + 1));
  for (size_t i = 0; i < n; ++i) bytes[i] = static_cast<unsigned char>(dtype == fr::bool_ ? i % 2 : i * 7 % 101);
  return fr::array(bytes, shape, dtype, std::free);
}

void expect_same(const fr::array& got, const fr::array& expected, const std::string& what) {
  ASSERT_EQ(got.dtype(), expected.dtype()) << what;
  ASSERT_EQ(got.shape(), expected.shape()) << what;
  if (got.size() == 0) return;
  EXPECT_EQ(std::memcmp(got.data(), expected.data(), got.nbytes()), 0) << what;
}

template <typename Each>
void for_all(Each each) {
  for (fr::Dtype dtype : kAllDtypes) {
    for (const fr::Shape& shape : kShapes) each(sample(shape, dtype), fr::dtype_name(dtype));
  }
}

int files_in(const TempDir& dir) {
  int n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir.path())) ++n;
  return n;
}

TEST(Io, NpyKeepsEveryDtypeAndShape) {
  TempDir dir;
  for_all([&](const fr::array& a, const std::string& what) {
    fr::save(dir / "a.npy", a);
    expect_same(fr::load(dir / "a.npy"), a, what);
  });
  EXPECT_EQ(files_in(dir), 1);
}

TEST(Io, SafetensorsKeepsEveryDtypeAndShape) {
  TempDir dir;
  std::unordered_map<std::string, fr::array> arrays;
  for_all(
      [&](const fr::array& a, const std::string& what) { arrays.emplace(what + std::to_string(arrays.size()), a); });
  std::unordered_map<std::string, std::string> metadata{{"format", "x"}, {"quote\"", "\u00e9\n"}};
  fr::save_safetensors(dir / "a.safetensors", arrays, metadata);
  auto [loaded, read_metadata] = fr::load_safetensors(dir / "a.safetensors");
  EXPECT_EQ(read_metadata, metadata);
  ASSERT_EQ(loaded.size(), arrays.size());
  for (const auto& [name, a] : arrays) expect_same(loaded.at(name), a, name);
}

TEST(Io, NpzKeepsEveryDtypeAndShapeStoredAndDeflated) {
  TempDir dir;
  std::unordered_map<std::string, fr::array> arrays;
  for_all(
      [&](const fr::array& a, const std::string& what) { arrays.emplace(what + std::to_string(arrays.size()), a); });
  arrays.emplace("large", fr::reshape(fr::arange(300'000), {3, 100'000}));
  fr::savez(dir / "stored.npz", arrays);
  fr::savez_compressed(dir / "packed.npz", arrays);
  EXPECT_LT(std::filesystem::file_size(dir / "packed.npz"), std::filesystem::file_size(dir / "stored.npz"));
  for (const char* file : {"stored.npz", "packed.npz"}) {
    auto loaded = fr::load_npz(dir / file);
    ASSERT_EQ(loaded.size(), arrays.size());
    for (const auto& [name, a] : arrays) expect_same(loaded.at(name), a, name);
  }
}

TEST(Io, ViewsAreSavedInRowMajorOrder) {
  TempDir dir;
  fr::array a = fr::transpose(fr::reshape(fr::arange(6), {2, 3}));
  fr::save(dir / "a.npy", a);
  fr::array b = fr::load(dir / "a.npy");
  std::vector<int> got(b.data<int>(), b.data<int>() + 6);
  EXPECT_EQ(got, (std::vector<int>{0, 3, 1, 4, 2, 5}));
}

TEST(Io, MissingExtensionsAreAppended) {
  TempDir dir;
  fr::save(dir / "a", fr::array(1));
  fr::savez(dir / "a", {{"x", fr::array(1)}});
  fr::save_safetensors(dir / "a", {{"x", fr::array(1)}});
  for (const char* name : {"a.npy", "a.npz", "a.safetensors"}) EXPECT_TRUE(std::filesystem::exists(dir / name)) << name;
}

// The very bytes numpy.save writes for np.arange(3, dtype=np.int16).
TEST(Io, NpyBytesAreThoseOfNumpy) {
  TempDir dir;
  fr::save(dir / "a.npy", fr::astype(fr::arange(3), fr::int16));
  std::string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }";
  header += std::string(128 - 10 - header.size() - 1, ' ') + "\n";
  std::string expected = std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + std::string("\0\0\1\0\2\0", 6);
  EXPECT_EQ(read_file(dir / "a.npy"), expected);
}

TEST(Io, FortranOrderAndBigEndianAreConverted) {
  TempDir dir;
  std::string header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n";
  std::string file = std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header;
  for (int i = 0; i < 6; ++i) file += std::string(1, '\1') + static_cast<char>(i);  // 256 + i
  write_file(dir / "a.npy", file);
  fr::array a = fr::load(dir / "a.npy");
  EXPECT_EQ(a.shape(), (fr::Shape{2, 3}));
  std::vector<int16_t> got(a.data<int16_t>(), a.data<int16_t>() + 6);
  EXPECT_EQ(got, (std::vector<int16_t>{256, 258, 260, 257, 259, 261}));
}

TEST(Io, SafetensorsBytesDoNotDependOnMapOrder) {
  TempDir dir;
  std::unordered_map<std::string, fr::array> forward, backward;
  for (int i = 0; i < 50; ++i) forward.emplace("t" + std::to_string(i), fr::array(i));
  for (int i = 49; i >= 0; --i) backward.emplace("t" + std::to_string(i), fr::array(i));
  fr::save_safetensors(dir / "a", forward);
  fr::save_safetensors(dir / "b", backward);
  EXPECT_EQ(read_file(dir / "a.safetensors"), read_file(dir / "b.safetensors"));
}

TEST(Io, PermissionsOfAReplacedFileStay) {
  TempDir dir;
  std::string file = dir / "a.npy";
  fr::save(file, fr::array(1));
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  fr::save(file, fr::array(2));
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST(Io, ALinkIsFollowedNotReplaced) {
  TempDir dir;
  fr::save(dir / "a.npy", fr::array(1));
  std::filesystem::create_symlink("a.npy", dir / "link.npy");
  fr::save(dir / "link.npy", fr::array(2));
  EXPECT_TRUE(std::filesystem::is_symlink(dir / "link.npy"));
  EXPECT_EQ(fr::load(dir / "a.npy").item<int>(), 2);
}

TEST(Io, BadPathsAreErrorsAndLeaveNothing) {
  TempDir dir;
  std::filesystem::create_directory(dir / "folder.npy");
  ASSERT_EQ(::mkfifo((dir / "pipe.npy").c_str(), 0600), 0);
  for (const char* name : {"missing.npy", "folder.npy", "pipe.npy", "no/such/folder.npy"}) {
    EXPECT_THROW(fr::load(dir / name), fr::error) << name;
  }
  for (const char* name : {"folder.npy", "pipe.npy", "no/such/folder.npy"}) {
    EXPECT_THROW(fr::save(dir / name, fr::array(1)), fr::error) << name;
  }
  EXPECT_EQ(files_in(dir), 2);
}

TEST(Io, NamesMustBeUtf8AndNotReserved) {
  TempDir dir;
  for (const char* name : {"\xff", "__metadata__"}) {
    try {
      fr::save_safetensors(dir / "a", {{name, fr::array(1)}});
      ADD_FAILURE() << name;
    } catch (const fr::error& e) {
      EXPECT_EQ(e.code(), fr::ErrorCode::invalid_argument);
    }
  }
  EXPECT_EQ(files_in(dir), 0);
}

// Limits the size of files this process may write, while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};

// The disk ends after n bytes: the save fails, the old file is whole, no temporary file stays.
TEST(Io, AFailedWriteKeepsTheOldFile) {
  fr::array large = fr::arange(100'000);
  large.eval();
  std::unordered_map<std::string, fr::array> arrays{{"a", large}, {"b", fr::array(2)}};
  for (const char* name : {"x.npy", "x.npz", "x.safetensors"}) {
    TempDir dir;
    std::string file = dir / name;
    auto save_all = [&] {
      if (file.ends_with(".npy"))
        fr::save(file, large);
      else if (file.ends_with(".npz"))
        fr::savez_compressed(file, arrays);
      else
        fr::save_safetensors(file, arrays);
    };
    save_all();
    std::string before = read_file(file);
    for (rlim_t limit = 0; limit < before.size(); limit += before.size() / 7 + 1) {
      FileSizeLimit full(limit);
      EXPECT_THROW(save_all(), fr::error) << name << " " << limit;
    }
    EXPECT_EQ(read_file(file), before) << name;
    EXPECT_EQ(files_in(dir), 1) << name;
  }
}

// The value all elements share, or -1 for a mixture.
float generation_of(const std::string& file) {
  std::vector<fr::array> arrays;
  if (file.ends_with(".npy")) {
    arrays = {fr::load(file)};
  } else {
    auto map = file.ends_with(".npz") ? fr::load_npz(file) : fr::load_safetensors(file).first;
    arrays = {map.at("a"), map.at("b")};
  }
  float first = arrays[0].data<float>()[0];
  for (const fr::array& a : arrays) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (a.data<float>()[i] != first) return -1.0f;
    }
  }
  return first;
}

// kill -9 at a random moment of an endless loop of saves: the file is one generation, whole.
TEST(Io, AKilledWriterLeavesAWholeFile) {
  constexpr int kKillsPerFormat = 15;
  std::mt19937 rng(5);
  std::uniform_int_distribution<int> extra_us(0, 4000);
  for (const char* name : {"x.npy", "x.npz", "x.safetensors"}) {
    TempDir dir;
    std::string file = dir / name;
    float last = 0;
    for (int i = 0; i < kKillsPerFormat; ++i) {
      std::filesystem::remove(file);
      char* argv[] = {const_cast<char*>(FERRULE_SAVE_LOOP), file.data(), nullptr};
      pid_t child = 0;
      ASSERT_EQ(::posix_spawn(&child, FERRULE_SAVE_LOOP, nullptr, nullptr, argv, environ), 0);
      for (int wait = 0; wait < 10'000 && !std::filesystem::exists(file); ++wait) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      std::this_thread::sleep_for(std::chrono::microseconds(extra_us(rng)));
      ::kill(child, SIGKILL);
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with status " << status;
      last = generation_of(file);
      EXPECT_GE(last, 1.0f) << name << ": torn after kill " << i;
    }
  }
}

}  // namespace
