"""The Conan 2 recipe. It builds with the cargo of the system (1.88 or newer), and installs by `make install`.

    conan create packaging/conan            from a checkout
"""
import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy, rm, rmdir

required_conan_version = '>=2.0'


class WazoAuthClientConan(ConanFile):
    name = 'wazo-auth-client'
    version = '0.1.0'
    description = 'Client of wazo-auth, the authentication service of the Wazo telephony platform'
    license = ('MIT', 'Apache-2.0')
    url = 'https://github.com/wazo-platform/wazo-auth-client-native'
    homepage = 'https://github.com/wazo-platform/wazo-auth-client-native'
    topics = ('wazo', 'telephony', 'authentication', 'sip')
    package_type = 'library'
    settings = 'os', 'arch', 'compiler', 'build_type'
    options = {'shared': [True, False]}
    default_options = {'shared': True}

    def validate(self):
        if self.settings.os != 'Linux':
            raise ConanInvalidConfiguration('this recipe is for Linux; docs/platforms.md has the others')

    def package_id(self):
        # The interface is C, and one build serves every compiler and build type.
        del self.info.settings.compiler
        del self.info.settings.build_type

    def export_sources(self):
        checkout = os.path.join(self.recipe_folder, '..', '..')
        for pattern in (
            'Cargo.toml', 'Cargo.lock', 'LICENSE-*', 'README.md', 'CHANGELOG.md', 'Makefile', 'src/*', 'library/*', 'include/*',
            'simulator/*', 'xtask/*', 'packaging/*', 'tools/*', 'tests/support/*', 'bindings/c/*', 'bindings/cpp/*', 'tests/evil/*',
            'tests/tracing.rs',
        ):
            copy(self, pattern, src=checkout, dst=self.export_sources_folder, excludes=('*/__pycache__/*', '*/target/*'))

    def build(self):
        if not os.environ.get('WAZO_AUTH_CLIENT_BUILT'):
            self.run('RELEASE=1 python3 tests/support/artifacts.py --build library', cwd=self.source_folder)

    def package(self):
        # A folder of cargo's results, for those who work on the recipe.
        built = os.environ.get('WAZO_AUTH_CLIENT_BUILT')
        self.run(
            f'python3 tools/install.py library development --prefix "{self.package_folder}"'
            + (f' --built "{built}"' if built else ''),
            cwd=self.source_folder,
        )
        rm(self, '*.a' if self.options.shared else '*.so*', os.path.join(self.package_folder, 'lib'))
        copy(self, 'LICENSE-*', src=self.source_folder, dst=os.path.join(self.package_folder, 'licenses'))
        # Conan writes these for its users.
        rmdir(self, os.path.join(self.package_folder, 'lib', 'pkgconfig'))
        rmdir(self, os.path.join(self.package_folder, 'lib', 'cmake'))

    def package_info(self):
        self.cpp_info.set_property('pkg_config_name', 'wazo_auth_client')
        self.cpp_info.set_property('cmake_file_name', 'wazo_auth_client')
        self.cpp_info.set_property('cmake_target_name', 'wazo_auth_client::wazo_auth_client')
        self.cpp_info.libs = ['wazo_auth_client']
        if not self.options.shared:
            self.cpp_info.system_libs = ['util', 'rt', 'pthread', 'm', 'dl']
