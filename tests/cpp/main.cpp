// The entry of the C++ tests, whose files are linked together: the headers can be included in any number of them.

#include "check.hpp"

int main() { return Test::run(); }
