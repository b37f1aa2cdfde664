// SPDX-License-Identifier: Apache-2.0
#include "storage/kernel_file/kernel_file.h"

#include <cmath>
#include <limits>

#include "base/hash.h"
#include "storage/json/hashed_json.h"

namespace lockstep::storage {
namespace {

using nlohmann::json;

constexpr HashedFormat kKernelFileFormat = {"lockstep-kernels", 1,
                                            "Make it anew with `lockstep tune`"};

std::string TextOf(const KernelFile& file) {
  json choices = json::array();
  for (const KernelFileChoice& c : file.choices) {
    choices.push_back({{"algorithm", c.algorithm},
                       {"first_milliseconds", c.first_milliseconds},
                       {"kernel", c.kernel},
                       {"key", Hex64(c.key())},
                       {"milliseconds", c.milliseconds},
                       {"node", c.node}});
  }
  return HashedText({{"format", kKernelFileFormat.name},
                     {"version", kKernelFileFormat.version},
                     {"build", file.build},
                     {"hardware", file.hardware},
                     {"isa", file.isa},
                     {"threads", file.threads},
                     {"choices", std::move(choices)}});
}

bool IsTime(double milliseconds) { return std::isfinite(milliseconds) && milliseconds >= 0.0; }

Status CheckFits(const KernelFile& file) {
  for (const auto& [name, text] :
       {std::pair{"'build'", &file.build}, {"'hardware'", &file.hardware}, {"'isa'", &file.isa}}) {
    RETURN_IF_ERROR(CheckUtf8(name, *text));
  }
  if (file.threads < 1) {
    return InvalidArgument("'threads' is " + std::to_string(file.threads) +
                           "; expected at least 1");
  }
  const std::string* previous = nullptr;
  for (const KernelFileChoice& c : file.choices) {
    RETURN_IF_ERROR(CheckUtf8("'node'", c.node));
    RETURN_IF_ERROR(CheckUtf8("'kernel'", c.kernel));
    RETURN_IF_ERROR(CheckUtf8("'algorithm'", c.algorithm));
    if (!IsTime(c.milliseconds) || !IsTime(c.first_milliseconds)) {
      return InvalidArgument("node '" + c.node + "' has a time that is no number from 0");
    }
    if (previous != nullptr && c.node <= *previous) {
      return InvalidArgument("node '" + c.node + "' comes after '" + *previous +
                             "'; expected each node once, in bytewise order");
    }
    previous = &c.node;
  }
  return OkStatus();
}

Result<KernelFile> FromJson(const JsonObject& j) {
  KernelFile file;
  file.build = j.Text("build");
  file.hardware = j.Text("hardware");
  file.isa = j.Text("isa");
  const int64_t threads = j.Integer("threads");
  if (threads > std::numeric_limits<int32_t>::max()) {
    return DataLoss("'threads' is " + std::to_string(threads));
  }
  file.threads = static_cast<int32_t>(threads);
  for (const JsonObject& c : j.Objects("choices")) {
    file.choices.push_back({c.Text("node"), c.Text("kernel"), c.Text("algorithm"),
                            c.Fraction("milliseconds"), c.Fraction("first_milliseconds")});
  }
  if (const Status fits = CheckFits(file); !fits.ok()) return DataLoss(fits.message());
  return file;
}

}  // namespace

uint64_t KernelFileChoice::key() const { return Hash64(node); }

Result<std::string> EncodeKernelFile(const KernelFile& file) {
  RETURN_IF_ERROR(CheckFits(file));
  return TextOf(file);
}

Result<KernelFile> DecodeKernelFile(std::string_view text) {
  return DecodeHashed<KernelFile>(text, kKernelFileFormat, FromJson, TextOf);
}

uint64_t KernelFileHash(std::string_view text) { return Hash64(text); }

}  // namespace lockstep::storage
