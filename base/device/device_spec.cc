// SPDX-License-Identifier: Apache-2.0
#include "base/device/device_spec.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

namespace lockstep {
namespace {

std::string_view KindName(DeviceKind kind) { return kind == DeviceKind::kCpu ? "cpu" : "cuda"; }

Result<int64_t> ParseInt(std::string_view key, std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidArgument("device spec: '" + std::string(key) + "' is '" + std::string(text) +
                           "'; expected an integer");
  }
  return value;
}

Result<double> ParseRate(std::string_view key, std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) ||
      value < 0.0) {
    return InvalidArgument("device spec: '" + std::string(key) + "' is '" + std::string(text) +
                           "'; expected a number, at least 0");
  }
  return value;
}

// The shortest that reads back as the same.
std::string RateText(double value) {
  char text[64];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return {text, end};
}

Status SetText(std::string* field, std::string_view, std::string_view text) {
  *field = text;
  return OkStatus();
}

Status SetBool(bool* field, std::string_view key, std::string_view text) {
  if (text != "true" && text != "false") {
    return InvalidArgument("device spec: " + std::string(key) + " is '" + std::string(text) +
                           "'; expected true or false");
  }
  *field = text == "true";
  return OkStatus();
}

Status SetRate(double* field, std::string_view key, std::string_view text) {
  ASSIGN_OR_RETURN(*field, ParseRate(key, text));
  return OkStatus();
}

template <typename T>
Status SetInt(T* field, std::string_view key, std::string_view text, int64_t least, int64_t most) {
  ASSIGN_OR_RETURN(const int64_t value, ParseInt(key, text));
  if (value < least || value > most) {
    return InvalidArgument("device spec: " + std::string(key) + " is " + std::string(text) +
                           "; expected " + std::to_string(least) + " to " + std::to_string(most));
  }
  *field = static_cast<T>(value);
  return OkStatus();
}

Status SetKind(DeviceKind* kind, std::string_view, std::string_view text) {
  if (text != "cpu" && text != "cuda") {
    return InvalidArgument("device spec: kind is '" + std::string(text) +
                           "'; expected cpu or cuda");
  }
  *kind = text == "cpu" ? DeviceKind::kCpu : DeviceKind::kCuda;
  return OkStatus();
}

Status SetAlignment(int64_t* field, std::string_view key, std::string_view text) {
  RETURN_IF_ERROR(SetInt(field, key, text, 64, 1 << 20));
  if ((*field & (*field - 1)) == 0) return OkStatus();
  return InvalidArgument("device spec: " + std::string(key) + " is " + std::string(text) +
                         "; expected a power of two");
}

Status SetField(DeviceSpec* spec, std::string_view key, std::string_view value) {
  constexpr int64_t kMost = INT64_MAX;
  if (key == "kind") return SetKind(&spec->kind, key, value);
  if (key == "name") return SetText(&spec->name, key, value);
  if (key == "isa") return SetText(&spec->isa, key, value);
  if (key == "threads") return SetInt(&spec->threads, key, value, 1, 1024);
  if (key == "memory_bytes") return SetInt(&spec->memory_bytes, key, value, 0, kMost);
  if (key == "workspace_cap") return SetInt(&spec->workspace_cap, key, value, 0, kMost);
  if (key == "reference_kernels_only") return SetBool(&spec->reference_kernels_only, key, value);
  if (key == "cores") return SetInt(&spec->cores, key, value, 0, 1 << 20);
  if (key == "gflops") return SetRate(&spec->gflops, key, value);
  if (key == "gbytes_per_second") return SetRate(&spec->gbytes_per_second, key, value);
  if (key == "origin") return SetText(&spec->origin, key, value);
  if (key == "buffer_alignment") return SetAlignment(&spec->buffer_alignment, key, value);
  if (key == "sm_count") return SetInt(&spec->sm_count, key, value, 0, 1 << 20);
  if (key == "driver_version") return SetInt(&spec->driver_version, key, value, 0, kMost);
  if (key == "cudnn_version") return SetInt(&spec->cudnn_version, key, value, 0, kMost);
  if (key == "cublaslt_version") return SetInt(&spec->cublaslt_version, key, value, 0, kMost);
  if (key == "nccl_version") return SetInt(&spec->nccl_version, key, value, 0, kMost);
  if (key == "context_bytes") return SetInt(&spec->context_bytes, key, value, 0, kMost);
  if (key == "gflops_16bit") return SetRate(&spec->gflops_16bit, key, value);
  if (key == "cudnn_device_json") return SetText(&spec->cudnn_device_json, key, value);
  return InvalidArgument("device spec: unknown key '" + std::string(key) + "'");
}

// One "key = value" a line.
class Lines {
 public:
  void Add(std::string_view key, std::string_view value) {
    text_ += std::string(key) + " = " + std::string(value) + "\n";
  }
  void Add(std::string_view key, int64_t value) { Add(key, std::to_string(value)); }
  void Add(std::string_view key, double value) { Add(key, RateText(value)); }
  // Where it says something.
  template <typename T>
  void AddUnless(const T& silent, std::string_view key, const T& value) {
    if (value != silent) Add(key, value);
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

std::string DeviceSpec::ToText() const {
  Lines lines;
  lines.Add("kind", KindName(kind));
  lines.Add("name", name);
  lines.Add("isa", isa);
  lines.Add("threads", int64_t{threads});
  lines.Add("memory_bytes", memory_bytes);
  lines.Add("workspace_cap", workspace_cap);
  lines.Add("reference_kernels_only", reference_kernels_only ? "true" : "false");
  lines.Add("cores", int64_t{cores});
  lines.Add("gflops", gflops);
  lines.Add("gbytes_per_second", gbytes_per_second);
  const DeviceSpec silent;
  lines.AddUnless(silent.origin, "origin", origin);
  lines.AddUnless(silent.buffer_alignment, "buffer_alignment", buffer_alignment);
  lines.AddUnless(int64_t{0}, "sm_count", int64_t{sm_count});
  lines.AddUnless(silent.driver_version, "driver_version", driver_version);
  lines.AddUnless(silent.cudnn_version, "cudnn_version", cudnn_version);
  lines.AddUnless(silent.cublaslt_version, "cublaslt_version", cublaslt_version);
  lines.AddUnless(silent.nccl_version, "nccl_version", nccl_version);
  lines.AddUnless(silent.context_bytes, "context_bytes", context_bytes);
  lines.AddUnless(silent.gflops_16bit, "gflops_16bit", gflops_16bit);
  lines.AddUnless(silent.cudnn_device_json, "cudnn_device_json", cudnn_device_json);
  return lines.Take();
}

Result<DeviceSpec> DeviceSpec::FromText(std::string_view text) {
  DeviceSpec spec;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text = newline == std::string_view::npos ? std::string_view() : text.substr(newline + 1);
    if (line.empty() || line.front() == '#') continue;
    const size_t equals = line.find(" = ");
    if (equals == std::string_view::npos) {
      return InvalidArgument("device spec: '" + std::string(line) + "'; expected 'key = value'");
    }
    RETURN_IF_ERROR(SetField(&spec, line.substr(0, equals), line.substr(equals + 3)));
  }
  return spec;
}

DeviceSpec ReferenceCpuSpec() {
  DeviceSpec spec;
  spec.name = "cpu";
  spec.isa = "x86-64";
  spec.reference_kernels_only = true;
  return spec;
}

}  // namespace lockstep
