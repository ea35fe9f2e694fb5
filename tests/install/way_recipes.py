"""The recipes of Conan and vcpkg: Conan's by Conan itself, vcpkg's port by CMake, with stand-ins for vcpkg's functions.

vcpkg is no package of any registry, only a repository; so its port is run here as far as CMake alone can run it.
"""
import json
import sys
import venv
from pathlib import Path

from run import QUICKSTART, ROOT, begin
import link
import process

ABOUT = 'the recipes of Conan and vcpkg'
CONAN = 'conan==2.21.0'
CONSUMER = f'''from conan import ConanFile
from conan.tools.cmake import CMake, cmake_layout
class Consumer(ConanFile):
    settings = 'os', 'arch', 'compiler', 'build_type'
    generators = 'CMakeDeps', 'CMakeToolchain'
    requires = 'wazo-auth-client/{link.version()}'
    def layout(self):
        cmake_layout(self)
    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()
'''
PROJECT = f'''cmake_minimum_required(VERSION 3.16)
project(consumer C)
find_package(wazo_auth_client CONFIG REQUIRED)
add_executable(consumer {QUICKSTART})
target_link_libraries(consumer PRIVATE wazo_auth_client::wazo_auth_client)
'''
# What vcpkg gives to a port. Those that fetch nothing here do what vcpkg's own do, as far as this port needs it.
STAND_INS = '''
function(vcpkg_find_acquire_program name)
    find_program(${name} python3 REQUIRED)
endfunction()
function(vcpkg_execute_required_process)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "WORKING_DIRECTORY;LOGNAME" "COMMAND")
    execute_process(COMMAND ${arg_COMMAND} WORKING_DIRECTORY ${arg_WORKING_DIRECTORY} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "PACKAGE_NAME;CONFIG_PATH" "")
    file(GLOB found "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*.cmake")
    if(NOT found)
        message(FATAL_ERROR "nothing is in ${arg_CONFIG_PATH}")
    endif()
endfunction()
function(vcpkg_fixup_pkgconfig)
endfunction()
function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
    foreach(file ${arg_FILE_LIST})
        file(INSTALL "${file}" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
    endforeach()
endfunction()
'''


def conan(report, tools, built):
    python = tools.folder / 'venv' / 'bin'
    venv.create(tools.folder / 'venv', with_pip=True)
    status, said = process.run([python / 'pip', 'install', '--quiet', '--disable-pip-version-check', CONAN], seconds=600)
    if status:
        report.skip('the Conan recipe', f'pip could not install {CONAN}: {said.strip()[-200:]}')
        return
    environment = {'CONAN_HOME': str(tools.folder / 'conan'), 'WAZO_AUTH_CLIENT_BUILT': str(built), 'PYTHONPATH': ''}
    process.run([python / 'conan', 'profile', 'detect'], environment)
    consumer = tools.folder / 'consumer'
    consumer.mkdir()
    (consumer / 'conanfile.py').write_text(CONSUMER)
    (consumer / 'CMakeLists.txt').write_text(PROJECT)
    for shared in ('True', 'False'):
        option = ['-o', f'wazo-auth-client/*:shared={shared}']
        status, said = process.run([python / 'conan', 'create', ROOT / 'packaging' / 'conan', *option], environment, seconds=900)
        if not report.promise(status == 0, f'`conan create` makes the package (shared={shared})', said[-2000:]):
            continue
        status, said = process.run([python / 'conan', 'build', consumer, *option, '-of', consumer / shared], environment, seconds=600)
        program = next(iter((consumer / shared).rglob('consumer')), None)
        if report.promise(status == 0 and program, 'a CMake project that requires it is built', said[-2000:]):
            libraries = ':'.join(str(path) for path in (tools.folder / 'conan').rglob('p/lib'))
            tools.sample(report, f'and runs (shared={shared})', [program], {'LD_LIBRARY_PATH': libraries} if shared == 'True' else None)


def vcpkg(report, tools, built):
    port = ROOT / 'packaging' / 'vcpkg' / 'wazo-auth-client'
    manifest = json.loads((port / 'vcpkg.json').read_text())
    report.promise(
        manifest['version'] == link.version() and {'name', 'description', 'homepage', 'license'} <= set(manifest),
        'vcpkg.json has the version of the library, and what a port has to have', str(manifest),
    )
    for linkage in ('dynamic', 'static'):
        packages = tools.folder / f'vcpkg-{linkage}'
        script = tools.folder / f'{linkage}.cmake'
        values = {'CURRENT_PACKAGES_DIR': packages, 'PORT': manifest['name'], 'VCPKG_LIBRARY_LINKAGE': linkage,
                  'TARGET_TRIPLET': 'x64-linux', 'VERSION': manifest['version'], 'CMAKE_CURRENT_LIST_DIR': port}
        script.write_text(
            'cmake_policy(VERSION 3.16)\n' + ''.join(f'set({name} "{value}")\n' for name, value in values.items())
            + STAND_INS + f'include("{port}/portfile.cmake")\n'
        )
        status, said = process.run(
            ['cmake', '-P', script], {'WAZO_AUTH_CLIENT_SOURCE': str(ROOT), 'WAZO_AUTH_CLIENT_BUILT': str(built)}
        )
        if not report.promise(status == 0, f"vcpkg's port installs what it should (by stand-ins, {linkage})", said[-1500:]):
            continue
        project = tools.folder / f'project-{linkage}'
        project.mkdir()
        (project / 'CMakeLists.txt').write_text(PROJECT)
        status, said = process.run(['sh', '-c', f'cmake -S {project} -B {project}/build -DCMAKE_PREFIX_PATH={packages} && cmake --build {project}/build'])
        if report.promise(status == 0, 'a CMake project that finds it is built', said[-1500:]):
            tools.sample(report, f'and runs ({linkage})', [project / 'build' / 'consumer'])


def run(report, tools):
    if missing := tools.packages(cmake='cmake'):
        report.skip(ABOUT, f'{missing[0]} is missing: apt-get install {missing[0]}')
        return
    built = tools.built()
    vcpkg(report, tools, built)
    conan(report, tools, built)


if __name__ == '__main__':
    sys.exit(begin(Path(__file__).stem.removeprefix('way_'), {'debug': '--debug' in sys.argv}).end())
