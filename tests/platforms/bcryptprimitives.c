/* A stand-in for bcryptprimitives.dll of Windows, for the tests under a Wine that has none (Wine 8.0, Debian 12).
 *
 * Rust's standard library takes its random numbers from the one function in it. Here they come from RtlGenRandom, which
 * Wine has under the name SystemFunction036. It is put beside the test programs, and is not a part of what is shipped.
 */
#include <windows.h>

/* From advapi32.dll; MinGW declares it in a header that needs others. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    while (length > 0) {
        const ULONG part = length < 0x10000 ? (ULONG)length : 0x10000;
        if (!SystemFunction036(buffer, part)) {
            return FALSE;
        }
        buffer += part;
        length -= part;
    }
    return TRUE;
}
