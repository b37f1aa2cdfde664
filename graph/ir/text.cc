// SPDX-License-Identifier: Apache-2.0
#include "graph/ir/text.h"

#include <charconv>
#include <optional>

namespace lockstep::graph {
namespace {

struct KindName {
  ArgKind kind;
  std::string_view name;
};
constexpr KindName kKindNames[] = {
    {ArgKind::kInput, "input"},
    {ArgKind::kParameter, "param"},
    {ArgKind::kState, "state"},
    {ArgKind::kScalar, "scalar"},
};

std::string_view NameOf(ArgKind kind) { return kKindNames[static_cast<size_t>(kind)].name; }

std::string Percent(Value v) { return "%" + std::to_string(v.id); }

template <typename Items, typename ToString>
std::string Joined(const Items& items, ToString&& to_string) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + to_string(item);
  return text;
}

std::string NodeText(const Graph& graph, const Node& node) {
  return "  " + Joined(node.out, Percent) + " = " + node.op->name + "(" + Joined(node.in, Percent) +
         ") " + node.attrs.ToText() + " @\"" + node.path +
         (node.recomputed ? "\" recomputed : " : "\" : ") +
         Joined(node.out, [&](Value v) { return graph.TypeOf(v).ToString(); }) + "\n";
}

// One line of the text form, taken from the left.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) { SkipSpaces(); }

  void SkipSpaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  bool Take(std::string_view token) {
    SkipSpaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  bool AtEnd() {
    SkipSpaces();
    return rest_.empty();
  }
  std::string_view TakeUntil(std::string_view stops) {
    SkipSpaces();
    const size_t end = std::min(rest_.find_first_of(stops), rest_.size());
    const std::string_view token = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return token;
  }
  std::optional<std::string> TakeQuoted() {
    if (!Take("\"")) return std::nullopt;
    const size_t end = rest_.find('"');
    if (end == std::string_view::npos) return std::nullopt;
    std::string token(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return token;
  }
  std::optional<Value> TakeValue() {
    if (!Take("%")) return std::nullopt;
    Value v;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), v.id);
    if (error != std::errc() || v.id < 0) return std::nullopt;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return v;
  }
  // The attributes: up to the brace that closes the first one.
  std::string_view TakeBraces() {
    SkipSpaces();
    bool quoted = false;
    for (size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '"') quoted = !quoted;
      if (rest_[i] == '}' && !quoted) {
        const std::string_view token = rest_.substr(0, i + 1);
        rest_.remove_prefix(i + 1);
        return token;
      }
    }
    return {};
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

class GraphParser {
 public:
  GraphParser(std::string_view text, const ops::OpRegistry& registry)
      : text_(text), registry_(registry), graph_("") {}

  Result<Graph> Parse() {
    bool named = false, ended = false;
    while (!text_.empty()) {
      Line line(NextLine());
      if (line.AtEnd()) continue;
      if (ended) return Fail(line, "nothing after 'end'");
      if (!named) {
        if (!line.Take("graph ")) return Fail(line, "'graph NAME'");
        graph_ = Graph(std::string(line.TakeUntil(" ")));
        named = true;
      } else if (line.Take("end")) {
        ended = true;
      } else if (line.Take("return ")) {
        RETURN_IF_ERROR(ParseResult(line));
      } else {
        RETURN_IF_ERROR(ParseDefinition(line));
      }
      if (!line.AtEnd()) return Fail(line, "the end of the line");
    }
    if (!ended) return InvalidArgument("graph text: no 'end' line; the text is cut off");
    return std::move(graph_);
  }

 private:
  std::string_view NextLine() {
    ++line_number_;
    const size_t newline = text_.find('\n');
    const std::string_view line = text_.substr(0, newline);
    text_ = newline == std::string_view::npos ? std::string_view() : text_.substr(newline + 1);
    return line;
  }

  Status Fail(const Line& line, std::string_view expected) const {
    return InvalidArgument("graph text, line " + std::to_string(line_number_) + ": expected " +
                           std::string(expected) + " at '" + std::string(line.rest()) + "'");
  }

  bool Known(Value v) const { return v.id < graph_.value_count(); }

  Status ParseResult(Line& line) {
    const std::optional<std::string> name = line.TakeQuoted();
    if (!name) return Fail(line, "a quoted name");
    const std::optional<Value> value = line.TakeValue();
    if (!value || !Known(*value)) return Fail(line, "a value defined above");
    if (graph_.FindResult(*name) != nullptr) return Fail(line, "a result name not yet used");
    graph_.AddResult(*name, *value);
    return OkStatus();
  }

  Status ParseDefinition(Line& line) {
    std::vector<Value> out;
    do {
      const std::optional<Value> v = line.TakeValue();
      if (!v || v->id != graph_.value_count() + static_cast<int32_t>(out.size())) {
        return Fail(line, "the next value number");
      }
      out.push_back(*v);
    } while (line.Take(","));
    if (!line.Take("=")) return Fail(line, "'='");
    for (const KindName& kind : kKindNames) {
      if (line.Take(std::string(kind.name) + " \"")) return ParseArg(line, kind.kind, out);
    }
    return ParseNode(line, out);
  }

  Status ParseArg(Line& line, ArgKind kind, const std::vector<Value>& out) {
    if (out.size() != 1) return Fail(line, "one value for an argument");
    const std::string name(line.TakeUntil("\""));
    if (!line.Take("\"")) return Fail(line, "a closing quote");
    ASSIGN_OR_RETURN(TensorType type, TensorTypeFromText(line.TakeUntil(" ")));
    graph_.AddArg(name, kind, std::move(type));
    return OkStatus();
  }

  Status ParseNode(Line& line, const std::vector<Value>& out) {
    const std::string_view op_name = line.TakeUntil("( ");
    const ops::Op* op = registry_.Find(op_name);
    if (op == nullptr) {
      return InvalidArgument("graph text, line " + std::to_string(line_number_) + ": unknown op '" +
                             std::string(op_name) + "'");
    }
    if (!line.Take("(")) return Fail(line, "'('");
    std::vector<Value> in;
    while (!line.Take(")")) {
      const std::optional<Value> v = line.TakeValue();
      if (!v || !Known(*v)) return Fail(line, "a value defined above");
      in.push_back(*v);
      line.Take(",");
    }
    ASSIGN_OR_RETURN(Attrs attrs, Attrs::FromText(line.TakeBraces()));
    if (!line.Take("@")) return Fail(line, "'@\"path\"'");
    std::optional<std::string> path = line.TakeQuoted();
    const bool recomputed = line.Take("recomputed");
    if (!path || !line.Take(":")) return Fail(line, "a quoted path and ':'");
    Result<std::vector<Value>> made = graph_.AddNode(op, std::move(attrs), in, *path, recomputed);
    if (!made.ok()) {
      return made.status().WithContext("graph text, line " + std::to_string(line_number_));
    }
    if (*made != out) return Fail(line, std::to_string(made->size()) + " outputs");
    return CheckTypes(line, out);
  }

  Status CheckTypes(Line& line, const std::vector<Value>& out) {
    for (Value v : out) {
      const std::string type = graph_.TypeOf(v).ToString();
      if (!line.Take(type)) return Fail(line, "type " + type);
      line.Take(",");
    }
    return OkStatus();
  }

  std::string_view text_;
  const ops::OpRegistry& registry_;
  Graph graph_;
  int line_number_ = 0;
};

}  // namespace

std::string ToText(const Graph& graph) {
  // Arguments and nodes interleaved in order of creation: each value's number is its place.
  std::string text = "graph " + graph.name() + "\n";
  for (int32_t id = 0; id < graph.value_count();) {
    const Value v{id};
    if (const int32_t arg = graph.ArgOf(v); arg >= 0) {
      const Arg& a = graph.args()[static_cast<size_t>(arg)];
      text += "  " + Percent(v) + " = " + std::string(NameOf(a.kind)) + " \"" + a.name + "\" " +
              a.type.ToString() + "\n";
      ++id;
    } else {
      const Node& node = graph.nodes()[static_cast<size_t>(graph.ProducerOf(v))];
      text += NodeText(graph, node);
      id += static_cast<int32_t>(node.out.size());
    }
  }
  for (const NamedResult& r : graph.results()) {
    text += "  return \"" + r.name + "\" " + Percent(r.value) + "\n";
  }
  return text + "end\n";
}

Result<TensorType> TensorTypeFromText(std::string_view text) {
  const Status bad = InvalidArgument("'" + std::string(text) +
                                     "' is not a tensor type; expected one like f32[32,28,28,1]");
  const size_t bracket = text.find('[');
  if (bracket == std::string_view::npos || !text.ends_with(']')) return bad;
  ASSIGN_OR_RETURN(const DType dtype, ParseDType(text.substr(0, bracket)));
  std::string_view list = text.substr(bracket + 1, text.size() - bracket - 2);
  std::vector<int64_t> dims;
  while (!list.empty()) {
    int64_t dim = 0;
    const auto [end, error] = std::from_chars(list.data(), list.data() + list.size(), dim);
    if (error != std::errc() || dim < 0) return bad;
    dims.push_back(dim);
    list.remove_prefix(static_cast<size_t>(end - list.data()));
    if (list.empty()) break;
    if (list.front() != ',') return bad;
    list.remove_prefix(1);
    if (list.empty()) return bad;
  }
  return TensorType{dtype, Shape(std::move(dims))};
}

Result<Graph> GraphFromText(std::string_view text, const ops::OpRegistry& registry) {
  return GraphParser(text, registry).Parse();
}

}  // namespace lockstep::graph
