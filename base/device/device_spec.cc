// SPDX-License-Identifier: Apache-2.0
#include "base/device/device_spec.h"

#include <charconv>
#include <cmath>

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

Status SetField(DeviceSpec* spec, std::string_view key, std::string_view value) {
  if (key == "kind") {
    if (value != "cpu" && value != "cuda") {
      return InvalidArgument("device spec: kind is '" + std::string(value) +
                             "'; expected cpu or cuda");
    }
    spec->kind = value == "cpu" ? DeviceKind::kCpu : DeviceKind::kCuda;
  } else if (key == "name") {
    spec->name = value;
  } else if (key == "isa") {
    spec->isa = value;
  } else if (key == "threads") {
    ASSIGN_OR_RETURN(const int64_t threads, ParseInt(key, value));
    if (threads < 1 || threads > 1024) {
      return InvalidArgument("device spec: threads is " + std::to_string(threads) +
                             "; expected 1 to 1024");
    }
    spec->threads = static_cast<int32_t>(threads);
  } else if (key == "memory_bytes") {
    ASSIGN_OR_RETURN(spec->memory_bytes, ParseInt(key, value));
  } else if (key == "workspace_cap") {
    ASSIGN_OR_RETURN(spec->workspace_cap, ParseInt(key, value));
  } else if (key == "reference_kernels_only") {
    if (value != "true" && value != "false") {
      return InvalidArgument("device spec: reference_kernels_only is '" + std::string(value) +
                             "'; expected true or false");
    }
    spec->reference_kernels_only = value == "true";
  } else if (key == "cores") {
    ASSIGN_OR_RETURN(const int64_t cores, ParseInt(key, value));
    if (cores < 0 || cores > 1 << 20) {
      return InvalidArgument("device spec: cores is '" + std::string(value) +
                             "'; expected 0 to 1048576");
    }
    spec->cores = static_cast<int32_t>(cores);
  } else if (key == "gflops") {
    ASSIGN_OR_RETURN(spec->gflops, ParseRate(key, value));
  } else if (key == "gbytes_per_second") {
    ASSIGN_OR_RETURN(spec->gbytes_per_second, ParseRate(key, value));
  } else {
    return InvalidArgument("device spec: unknown key '" + std::string(key) + "'");
  }
  return OkStatus();
}

}  // namespace

std::string DeviceSpec::ToText() const {
  std::string text;
  const auto line = [&text](std::string_view key, std::string_view value) {
    text += std::string(key) + " = " + std::string(value) + "\n";
  };
  line("kind", KindName(kind));
  line("name", name);
  line("isa", isa);
  line("threads", std::to_string(threads));
  line("memory_bytes", std::to_string(memory_bytes));
  line("workspace_cap", std::to_string(workspace_cap));
  line("reference_kernels_only", reference_kernels_only ? "true" : "false");
  line("cores", std::to_string(cores));
  line("gflops", RateText(gflops));
  line("gbytes_per_second", RateText(gbytes_per_second));
  return text;
}

Result<DeviceSpec> DeviceSpec::FromText(std::string_view text) {
  DeviceSpec spec;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text = newline == std::string_view::npos ? std::string_view() : text.substr(newline + 1);
    if (line.empty()) continue;
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
