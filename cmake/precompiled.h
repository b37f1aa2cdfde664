// SPDX-License-Identifier: Apache-2.0
// What many files include, read once by the compiler where LOCKSTEP_PRECOMPILED is on
// (lockstep_folder.cmake). Files include all that they use all the same: the preset release has no
// precompiled header, so a missing include fails there.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
