// What is given to functions: texts that C can read, and JSON objects. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_TEXT_HPP
#define WAZO_AUTH_CLIENT_TEXT_HPP

#include "detail.hpp"

#include <initializer_list>
#include <vector>

namespace wazo::auth {

namespace detail {

/// Takes a std::string, or whatever T is, and nothing that only converts to one: `{"limit", count}` must not become the
/// first `count` characters of a text.
template <typename Given, typename T>
using Exactly = std::enable_if_t<std::is_same_v<Given, T>, int>;

} // namespace detail

/// JSON that is written down already, such as a body from a JSON library, as a value of an Object.
struct Json {
    std::string text; ///< The JSON; it goes out as it is.
};

/// A JSON object as C++ writes it down: `Object{{"username", "alice"}, {"enabled", true}, {"acl", {"#", "!confd.#"}}}`.
///
/// Texts are quoted as JSON wants it. Values may be texts, whole numbers, truth values, nullptr (JSON's null), lists of
/// texts, objects (`{"outer", {{"inner", 1}}}`), and Json. It converts to a Text, so that every body, query, options
/// and arguments can be given by one.
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
        /// Whole numbers and truth values: a pointer is neither here.
        template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
        Value(T number) : json_(detail::option_text(number)) {}
        /// A list of texts.
        Value(const std::vector<std::string> &texts) : json_("[") {
            for (const std::string &text : texts) json_ += (json_.size() > 1 ? "," : "") + quoted(text);
            json_ += ']';
        }
        /// A list of texts as it stands: `{"confd.users.read", "auth.users.me.#"}`.
        Value(std::initializer_list<const char *> texts)
            : Value(std::vector<std::string>(texts.begin(), texts.end())) {}
        /// An object in the object.
        Value(const Object &object) : json_(object.json_) {}
        /// An object in the object, as it stands: `{{"inner", 1}}`.
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

    /// An object of these members.
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

/// A text argument that may be left out: left out where it is `{}`, std::nullopt or a null pointer.
///
/// A parameter's type, made where a function is called and gone when it returns; never a variable's. What ends with
/// NUL (a literal, a std::string, an Object) is used as it lies; a std::string_view, which need not, is copied. A text
/// with a NUL byte in it, which C would cut short, is an Error with the argument's name.
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
    // It would point into what it was copied from.
    OptionalText(const OptionalText &) = delete;
    OptionalText &operator=(const OptionalText &) = delete;

    /// Whether it has a NUL byte in it, which no string of C can hold.
    [[nodiscard]] bool has_nul() const noexcept {
        return text_ && length_ != unknown && std::char_traits<char>::length(text_) != length_;
    }

    /// The text as C takes it, NULL where it was left out.
    /// @param name of the argument, for the error
    [[nodiscard]] const char *c_str(const char *name) const {
        if (has_nul()) {
            throw Error(ErrorKind::invalid_argument,
                        "argument " + std::string(name) + ": it has a NUL byte in it, which no text of C can hold");
        }
        return text_;
    }

private:
    static constexpr std::size_t unknown = std::string::npos;

    std::string copy_;
    const char *text_ = nullptr;
    std::size_t length_ = unknown;
};

/// A text argument that must be given: as OptionalText, but for what means "left out", which does not compile. A
/// pointer that is null when the program runs is an Error with the argument's name.
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
    // A text that may be missing is looked at first.
    Text(const std::optional<std::string> &) = delete;
    Text(const std::optional<std::string_view> &) = delete;

    /// The text as C takes it, never NULL.
    /// @param name of the argument, for the error
    [[nodiscard]] const char *c_str(const char *name) const {
        const char *text = OptionalText::c_str(name);
        if (text) return text;
        throw Error(ErrorKind::invalid_argument, "argument " + std::string(name) + ": it is a null pointer");
    }
};

/// Takes a value out of an answer: `json_get(answer, "/metadata/uuid")`.
///
/// @param json a JSON text
/// @param path where the value stands, as a JSON Pointer (RFC 6901): "/token", "/items/0/uuid"
/// @return a string's text, any other value's JSON; none where it is not there or null
[[nodiscard]] inline std::optional<std::string> json_get(Text json, Text path) {
    detail::Outcome outcome;
    return outcome.optional_text(wazo_auth_json_get(json.c_str("json"), path.c_str("path"), outcome.error()));
}

} // namespace wazo::auth

#endif
