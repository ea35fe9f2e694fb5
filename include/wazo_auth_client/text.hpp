// The types of arguments: strings for C functions, and JSON objects. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_TEXT_HPP
#define WAZO_AUTH_CLIENT_TEXT_HPP

#include "detail.hpp"

#include <initializer_list>
#include <vector>

namespace wazo::auth {

namespace detail {

/// Accepts the type T, such as std::string, but no type that converts to T: `{"limit", count}` must not become a string
/// of the first `count` characters of "limit".
template <typename Given, typename T>
using Exactly = std::enable_if_t<std::is_same_v<Given, T>, int>;

} // namespace detail

/// A JSON document as a value of an Object, such as the output of a JSON library.
struct Json {
    std::string text; ///< The JSON document, which is sent unchanged.
};

/// A JSON object: `Object{{"username", "alice"}, {"enabled", true}, {"acl", {"#", "!confd.#"}}}`.
///
/// A value is a string, an integer, a Boolean, nullptr (null in JSON), a list of strings, a Json, or another object, as
/// in `{"outer", {{"inner", 1}}}`. Strings are escaped for JSON. An Object converts to Text and OptionalText, so it
/// can be the argument for every body, query, options and arguments.
class Object {
public:
    class Member;

    /// A value, as JSON.
    class Value {
    public:
        Value() = delete;
        Value(std::nullptr_t) : json_("null") {}
        Value(const char *text) : json_(text ? quoted(text) : "null") {}
        template <typename T, detail::Exactly<T, std::string> = 0>
        Value(const T &text) : json_(quoted(text)) {}
        template <typename T, detail::Exactly<T, std::string_view> = 0>
        Value(T text) : json_(quoted(text)) {}
        /// Integers and Booleans, but no pointers.
        template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
        Value(T number) : json_(detail::option_text(number)) {}
        /// A list of strings.
        Value(const std::vector<std::string> &texts) : json_("[") {
            for (const std::string &text : texts) json_ += (json_.size() > 1 ? "," : "") + quoted(text);
            json_ += ']';
        }
        /// A list of strings: `{"confd.users.read", "auth.users.me.#"}`.
        Value(std::initializer_list<const char *> texts)
            : Value(std::vector<std::string>(texts.begin(), texts.end())) {}
        /// A nested object.
        Value(const Object &object) : json_(object.json_) {}
        /// A nested object: `{{"inner", 1}}`.
        Value(std::initializer_list<Member> members);
        Value(Json json) : json_(std::move(json.text)) {}

    private:
        friend class Object;
        std::string json_;
    };

    /// A member: its name and its value.
    class Member {
    public:
        Member(const char *name, Value value) : json_(quoted(name) + ':' + value.json_) {}
        template <typename T, detail::Exactly<T, std::string> = 0>
        Member(const T &name, Value value) : json_(quoted(name) + ':' + value.json_) {}

    private:
        friend class Object;
        std::string json_;
    };

    Object() : json_("{}") {}

    /// An object with these members.
    Object(std::initializer_list<Member> members) : json_("{") {
        for (const Member &member : members) add(member);
        json_ += '}';
    }

    /// Adds a member.
    Object &set(std::string_view name, Value value) {
        json_.pop_back();
        add({std::string(name), std::move(value)});
        json_ += '}';
        return *this;
    }

    /// The object as JSON.
    [[nodiscard]] const std::string &json() const noexcept { return json_; }

private:
    void add(const Member &member) {
        if (json_.size() > 1) json_ += ',';
        json_ += member.json_;
    }

    static std::string quoted(std::string_view text) {
        constexpr char digits[] = "0123456789abcdef";
        std::string json = "\"";
        for (const char character : text) {
            const auto code = static_cast<unsigned char>(character);
            if (character == '"' || character == '\\') {
                json += '\\';
                json += character;
            } else if (code < 0x20) {
                json += "\\u00";
                json += digits[code / 16];
                json += digits[code % 16];
            } else {
                json += character;
            }
        }
        return json += '"';
    }

    std::string json_;
};

inline Object::Value::Value(std::initializer_list<Member> members) : Value(Object(members)) {}

/// An optional string argument. `{}`, std::nullopt or a null pointer leave it out.
///
/// Use it only as the type of a parameter, not of a variable: it points to the caller's string. A std::string_view is
/// copied, because it need not end with NUL. A string that contains a NUL byte throws an Error with the name of the
/// argument, because C would truncate it.
class OptionalText {
public:
    OptionalText() noexcept = default;
    OptionalText(std::nullptr_t) noexcept {}
    OptionalText(std::nullopt_t) noexcept {}
    OptionalText(const char *text) noexcept : text_(text) {}
    template <typename T, detail::Exactly<T, std::string> = 0>
    OptionalText(const T &text) noexcept : text_(text.c_str()), length_(text.size()) {}
    template <typename T, detail::Exactly<T, std::string_view> = 0>
    OptionalText(T text) : copy_(text), text_(copy_.c_str()), length_(text.size()) {}
    OptionalText(const Object &object) noexcept : OptionalText(object.json()) {}
    OptionalText(const Json &json) noexcept : OptionalText(json.text) {}
    /// A JSON object: `client.users().list({{"search", "ali"}, {"limit", 10}})`.
    OptionalText(std::initializer_list<Object::Member> members)
        : OptionalText(std::string_view(Object(members).json())) {}
    OptionalText(const std::optional<std::string> &text) noexcept {
        if (text) {
            text_ = text->c_str();
            length_ = text->size();
        }
    }
    OptionalText(const std::optional<std::string_view> &text) {
        if (text) {
            copy_ = *text;
            text_ = copy_.c_str();
            length_ = text->size();
        }
    }
    // A copy would point into the original.
    OptionalText(const OptionalText &) = delete;
    OptionalText &operator=(const OptionalText &) = delete;

    /// Whether the string contains a NUL byte, which a C string cannot contain.
    [[nodiscard]] bool has_nul() const noexcept {
        return text_ && length_ != unknown && std::char_traits<char>::length(text_) != length_;
    }

    /// The C string; NULL if the argument was left out.
    /// @param name the name of the argument, for the error
    [[nodiscard]] const char *c_str(const char *name) const {
        if (has_nul()) {
            throw Error(ErrorKind::invalid_argument,
                        "argument " + std::string(name) + ": expected a string without NUL bytes, got one with");
        }
        return text_;
    }

private:
    static constexpr std::size_t unknown = std::string::npos;

    std::string copy_;
    const char *text_ = nullptr;
    std::size_t length_ = unknown;
};

/// A required string argument, otherwise like OptionalText. nullptr, std::nullopt and std::optional do not compile. A
/// pointer that is null at run time throws an Error with the name of the argument.
class Text : public OptionalText {
public:
    Text() = delete;
    Text(const char *text) noexcept : OptionalText(text) {}
    template <typename T, detail::Exactly<T, std::string> = 0>
    Text(const T &text) noexcept : OptionalText(text) {}
    template <typename T, detail::Exactly<T, std::string_view> = 0>
    Text(T text) : OptionalText(text) {}
    Text(const Object &object) noexcept : OptionalText(object) {}
    Text(const Json &json) noexcept : OptionalText(json) {}
    Text(std::initializer_list<Object::Member> members) : OptionalText(members) {}
    Text(std::nullptr_t) = delete;
    Text(std::nullopt_t) = delete;
    // The caller must first check whether the std::optional has a value.
    Text(const std::optional<std::string> &) = delete;
    Text(const std::optional<std::string_view> &) = delete;

    /// The C string, never NULL.
    /// @param name the name of the argument, for the error
    [[nodiscard]] const char *c_str(const char *name) const {
        const char *text = OptionalText::c_str(name);
        if (text) return text;
        throw Error(ErrorKind::invalid_argument,
                    "argument " + std::string(name) + ": it is a null pointer; expected a string");
    }
};

/// Returns a value of a JSON document: `json_get(answer, "/metadata/uuid")`.
///
/// @param json the JSON document
/// @param path the position of the value, a JSON Pointer (RFC 6901): "/token", "/items/0/uuid"
/// @return the content of a string, or the JSON of any other value; std::nullopt if the value does not exist or is null
[[nodiscard]] inline std::optional<std::string> json_get(Text json, Text path) {
    detail::Outcome outcome;
    return outcome.optional_text(wazo_auth_json_get(json.c_str("json"), path.c_str("path"), outcome.error()));
}

} // namespace wazo::auth

#endif
