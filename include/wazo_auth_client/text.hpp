// What is given to functions: texts that C can read, and JSON objects. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_TEXT_HPP
#define WAZO_AUTH_CLIENT_TEXT_HPP

#include "detail.hpp"

#include <initializer_list>
#include <vector>

namespace wazo::auth {

/// JSON that is written down already, such as a body from a JSON library, as a value of an Object.
struct Json {
    std::string text; ///< The JSON; it goes out as it is.
};

/// A JSON object as C++ writes it down: `Object{{"username", "alice"}, {"enabled", true}}`.
///
/// Texts are quoted as JSON wants it. Values may be texts, whole numbers, truth values, nullptr (JSON's null), lists of
/// texts (std::vector<std::string>), objects, and Json. It converts to a Text, so that every body, query, options and
/// arguments can be given by one.
class Object {
public:
    /// A value, as JSON.
    class Value {
    public:
        Value(std::nullptr_t) : json_("null") {}
        Value(const char *text) : json_(text ? quoted(text) : "null") {}
        Value(std::string_view text) : json_(quoted(text)) {}
        Value(const std::string &text) : json_(quoted(text)) {}
        Value(const Object &object) : json_(object.json()) {}
        Value(Json json) : json_(std::move(json.text)) {}
        Value(const std::vector<std::string> &texts) : json_("[") {
            for (const std::string &text : texts) json_ += (json_.size() > 1 ? "," : "") + quoted(text);
            json_ += ']';
        }
        /// A list of texts: `{"acl", {"confd.users.read", "auth.users.me.#"}}`.
        Value(std::initializer_list<const char *> texts)
            : Value(std::vector<std::string>(texts.begin(), texts.end())) {}
        /// Whole numbers and truth values, and nothing that only converts to one: a pointer is no truth value here.
        template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
        Value(T number) {
            if constexpr (std::is_same_v<T, bool>) {
                json_ = number ? "true" : "false";
            } else {
                json_ = std::to_string(number);
            }
        }

    private:
        friend class Object;
        std::string json_;
    };

    /// A member: its name and its value.
    struct Member {
        std::string_view name; ///< Its name.
        Value value;           ///< Its value.
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
        add({name, std::move(value)});
        json_ += '}';
        return *this;
    }

    /// The object as JSON.
    [[nodiscard]] const std::string &json() const noexcept { return json_; }

private:
    void add(const Member &member) {
        if (json_.size() > 1) json_ += ',';
        json_ += quoted(member.name) + ':' + member.value.json_;
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
    OptionalText(const std::string &text) noexcept : text_(text.c_str()), length_(text.size()) {}
    OptionalText(std::string_view text) : copy_(text), text_(copy_.c_str()), length_(text.size()) {}
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

    /// The text as C takes it, NULL where it was left out.
    /// @param name of the argument, for the error
    [[nodiscard]] const char *c_str(const char *name) const {
        if (text_ && length_ != unknown && std::char_traits<char>::length(text_) != length_) {
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
    Text(const char *text) noexcept : OptionalText(text) {}
    Text(const std::string &text) noexcept : OptionalText(text) {}
    Text(std::string_view text) : OptionalText(text) {}
    Text(const Object &object) noexcept : OptionalText(object) {}
    Text(const Json &json) noexcept : OptionalText(json) {}
    Text(std::initializer_list<Object::Member> members) : OptionalText(members) {}
    Text(std::nullptr_t) = delete;
    Text(std::nullopt_t) = delete;
    // A text that may be missing is looked at first.
    Text(const std::optional<std::string> &) = delete;
    Text(const std::optional<std::string_view> &) = delete;
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
