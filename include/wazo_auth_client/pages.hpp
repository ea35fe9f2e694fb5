// Listings, item by item. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_PAGES_HPP
#define WAZO_AUTH_CLIENT_PAGES_HPP

#include "text.hpp"

#include <cstddef>
#include <iterator>

namespace wazo::auth {

/// An iterator over a listing, such as users.list: it asks for one page after the other and gives single items, each as
/// JSON. Client::pages() creates it:
///
///     for (const auto &user : client.pages("users.list", {{"search", "ali"}})) std::cout << user << '\n';
///
/// No item with a UUID comes twice. Items that come or go meanwhile may come or not; those that are there all the time
/// are not skipped because others were deleted. Use it from one thread at a time.
class Pages {
public:
    /// The place in the listing; it moves on for all iterators of the same Pages, as for an input stream.
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::string;
        using difference_type = std::ptrdiff_t;
        using pointer = const std::string *;
        using reference = const std::string &;

        iterator() = default;

        reference operator*() const noexcept { return *item_; }
        pointer operator->() const noexcept { return &*item_; }
        iterator &operator++() {
            item_ = pages_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator &left, const iterator &right) noexcept {
            return left.item_.has_value() == right.item_.has_value();
        }
        friend bool operator!=(const iterator &left, const iterator &right) noexcept { return !(left == right); }

    private:
        friend class Pages;
        explicit iterator(Pages &pages) : pages_(&pages), item_(pages.next()) {}

        Pages *pages_ = nullptr;
        std::optional<std::string> item_;
    };

    /// The next item; std::nullopt at the end. Throws the error of the request; afterwards, next() asks for the same
    /// page again.
    [[nodiscard]] std::optional<std::string> next() {
        detail::Outcome outcome;
        auto *pages = detail::present(pages_.get(), "pages");
        return outcome.optional_text(wazo_auth_pages_next(pages, outcome.error()));
    }

    /// Begins with the next item that next() would return.
    [[nodiscard]] iterator begin() { return iterator(*this); }
    [[nodiscard]] iterator end() noexcept { return {}; }

    /// The C handle. This object keeps the ownership.
    [[nodiscard]] const wazo_auth_pages *get() const noexcept { return pages_.get(); }

private:
    friend class Client;

    explicit Pages(wazo_auth_pages *pages) : pages_(pages) {}

    detail::Owned<wazo_auth_pages, wazo_auth_pages_free> pages_;
};

} // namespace wazo::auth

#endif
