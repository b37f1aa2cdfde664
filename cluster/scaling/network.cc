// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/network.h"

#include <charconv>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "base/format.h"

namespace lockstep::cluster {
namespace {

constexpr char kExample[] =
    "; write it as latency=2us,bandwidth=25GB/s,ranks-per-node=8 (`lockstep explain --help` has "
    "the units)";

struct Unit {
  const char* name;
  double factor;
};

constexpr Unit kTimes[] = {{"ns", 1e-6}, {"us", 1e-3}, {"ms", 1.0}, {"s", 1e3}};
constexpr Unit kRates[] = {{"B/s", 1e-9},        {"KB/s", 1e-6},       {"MB/s", 1e-3},
                           {"GB/s", 1.0},        {"TB/s", 1e3},        {"bit/s", 1e-9 / 8},
                           {"Kbit/s", 1e-6 / 8}, {"Mbit/s", 1e-3 / 8}, {"Gbit/s", 1.0 / 8},
                           {"Tbit/s", 1e3 / 8}};

Status Wrong(const std::string& what) { return InvalidArgument("--network: " + what + kExample); }

// The number at the front; what follows it is left in `rest`.
bool ReadNumber(const std::string& text, double* number, std::string* rest) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  if (error != std::errc() || !std::isfinite(*number)) return false;
  rest->assign(end, text.data() + text.size());
  return true;
}

template <size_t n>
Result<double> ReadWithUnit(const std::string& key, const std::string& text, const Unit (&units)[n],
                            bool may_be_zero) {
  double number = 0.0;
  std::string rest;
  std::string names;
  for (const Unit& unit : units) names += (names.empty() ? "" : ", ") + std::string(unit.name);
  if (!ReadNumber(text, &number, &rest)) {
    return Wrong(key + " is '" + text + "'; expected a number and a unit (" + names + ")");
  }
  if (number < 0 || (number == 0 && !may_be_zero)) {
    return Wrong(key + " is '" + text + "'; expected more than 0");
  }
  for (const Unit& unit : units) {
    if (rest == unit.name) return number * unit.factor;
  }
  return Wrong(key + " is '" + text + "'; its unit is one of " + names);
}

Status ReadRanksPerNode(const std::string& text, int32_t* ranks) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *ranks);
  if (error == std::errc() && end == text.data() + text.size() && *ranks >= 1 && *ranks <= 65536) {
    return OkStatus();
  }
  return Wrong("ranks-per-node is '" + text + "'; expected a whole number from 1 to 65536");
}

Status ReadPart(const std::string& part, Network* network, std::set<std::string>* said) {
  const size_t equals = part.find('=');
  if (equals == std::string::npos) {
    return Wrong("'" + part + "' is no name=value");
  }
  const std::string key = part.substr(0, equals), value = part.substr(equals + 1);
  if (!said->insert(key).second) return Wrong(key + " stands twice");
  if (key == "latency") {
    ASSIGN_OR_RETURN(network->latency_ms, ReadWithUnit(key, value, kTimes, /*may_be_zero=*/true));
  } else if (key == "bandwidth") {
    ASSIGN_OR_RETURN(network->gb_per_second,
                     ReadWithUnit(key, value, kRates, /*may_be_zero=*/false));
  } else if (key == "ranks-per-node") {
    return ReadRanksPerNode(value, &network->ranks_per_node);
  } else {
    return Wrong("'" + key + "' is none of latency, bandwidth and ranks-per-node");
  }
  return OkStatus();
}

}  // namespace

Result<Network> ParseNetwork(const std::string& text) {
  Network network;
  std::set<std::string> said;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    RETURN_IF_ERROR(ReadPart(text.substr(at, comma - at), &network, &said));
    at = comma + 1;
  }
  for (const char* key : {"latency", "bandwidth", "ranks-per-node"}) {
    if (!said.contains(key)) return Wrong("'" + text + "' does not say the " + key);
  }
  return network;
}

std::string NetworkText(const Network& network) {
  return Format("%g us, %g GB/s per machine, %d ranks per machine", 1e3 * network.latency_ms,
                network.gb_per_second, network.ranks_per_node);
}

}  // namespace lockstep::cluster
