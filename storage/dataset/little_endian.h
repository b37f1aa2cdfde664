// SPDX-License-Identifier: Apache-2.0
// Unsigned integers as little-endian bytes, whatever the machine.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>

namespace lockstep::storage {

template <std::unsigned_integral T>
void AppendLittleEndian(T value, std::string* bytes) {
  for (size_t i = 0; i < sizeof(T); ++i) bytes->push_back(static_cast<char>(value >> (8 * i)));
}

template <std::unsigned_integral T>
T LoadLittleEndian(const char* bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(
        value | static_cast<T>(static_cast<T>(static_cast<unsigned char>(bytes[i])) << (8 * i)));
  }
  return value;
}

}  // namespace lockstep::storage
