// Devices and streams. A Device names a backend and an index; a Stream is an ordered queue of work on a device. Both
// are small values. Streams belong to the process, not to a thread, and may be used from any thread.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)
namespace ferrule {

class Device {
 public:
  enum class DeviceType : uint8_t { cpu, gpu };
  static constexpr DeviceType cpu = DeviceType::cpu;
  static constexpr DeviceType gpu = DeviceType::gpu;

  // cpu: the backend of that name. gpu: the default device's backend, if that is not cpu, else the accelerator with the
  // best score; an error when there is none. Nothing is loaded before the device is used.
  Device(DeviceType type, int index = 0);  // NOLINT(google-explicit-constructor)
  // Any backend by name: Device("rocm", 1).
  explicit Device(const std::string& backend, int index = 0);

  const std::string& name() const;  // the backend's name
  int index;
  uint16_t backend;  // the interned name

  friend bool operator==(const Device& a, const Device& b) { return a.backend == b.backend && a.index == b.index; }
};
std::ostream& operator<<(std::ostream& os, const Device& device);

// The device that ops without a stream run on: chosen by FERRULE_BACKEND (docs/environment.md), else the best score.
// Throws when no backend is usable; the message lists every candidate and why it was not taken.
Device default_device();
// Throws (and changes nothing) when the device cannot be opened.
void set_default_device(const Device& device);
// Opens the device if needed; false instead of an error.
bool is_available(const Device& device);
int device_count(const std::string& backend);

struct Stream {
  int index;
  Device device;
  friend bool operator==(const Stream& a, const Stream& b) { return a.index == b.index; }
};
std::ostream& operator<<(std::ostream& os, const Stream& stream);

Stream default_stream(Device device);
void set_default_stream(Stream stream);
Stream new_stream(Device device);
inline Stream new_stream() { return new_stream(default_device()); }
std::vector<Stream> get_streams();

// Blocks until all work on the stream (or on the default stream) is done; throws what failed there.
void synchronize();
void synchronize(Stream stream);

// Where an op runs: nothing (the default stream of the default device), a stream, or a device.
using StreamOrDevice = std::variant<std::monostate, Stream, Device, Device::DeviceType>;
Stream to_stream(const StreamOrDevice& where);

// Sets the default device and stream for a scope.
class StreamContext {
 public:
  explicit StreamContext(const StreamOrDevice& where);
  ~StreamContext();
  StreamContext(const StreamContext&) = delete;
  StreamContext& operator=(const StreamContext&) = delete;

 private:
  Stream stream_;
  Device device_;
};

}  // namespace ferrule
#pragma GCC visibility pop
