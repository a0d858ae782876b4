package opus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

const (
	// maxModule bounds the wasm file; the real one has 401 kB.
	maxModule = 8 << 20

	// memoryPages is the memory of an instance in pages of 64 KiB: 16 MiB, which
	// is what the module asks for. Its heap has room for 180 encoders and as many
	// decoders.
	memoryPages = 256
)

// compile reads the module and makes it ready to be instantiated.
func (l *Library) compile(wasmPath, cacheDir string) error {
	ctx := context.Background()
	binary, err := readModule(wasmPath)
	if err != nil {
		return err
	}
	l.openCache(cacheDir)
	err = l.load(ctx, binary)
	if err != nil && l.cache != nil {
		// Most likely what is kept there is damaged: once more, from nothing.
		l.log.Warn("compiled Opus cannot be taken from the cache", "err", err)
		_ = l.runtime.Close(ctx)
		_ = l.cache.Close(ctx)
		emptyCache(cacheDir)
		l.openCache(cacheDir)
		err = l.load(ctx, binary)
	}
	if err != nil {
		return fmt.Errorf("compiling %s: %w", wasmPath, err)
	}
	functions := l.module.ExportedFunctions()
	for name, params := range exports() {
		if f, ok := functions[name]; !ok || len(f.ParamTypes()) != params {
			return fmt.Errorf("%s is not the expected build of libopus: it has no function %s with %d parameters", wasmPath, name, params)
		}
	}
	if err := l.provideImports(ctx); err != nil {
		return fmt.Errorf("preparing %s: %w", wasmPath, err)
	}
	first, err := l.instantiate()
	if err != nil {
		return fmt.Errorf("starting %s: %w", wasmPath, err)
	}
	l.instances = append(l.instances, first)
	return nil
}

// openCache sets the cache, or leaves it nil where dir cannot be used.
func (l *Library) openCache(dir string) {
	l.cache = nil
	if dir == "" {
		return
	}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var cache wazero.CompilationCache
		if cache, err = wazero.NewCompilationCacheWithDir(dir); err == nil {
			l.cache = cache
			return
		}
	}
	l.log.Warn("compiled Opus is not kept", "err", err)
}

// emptyCache removes what wazero keeps in dir, which are folders named for its
// version. What cannot be removed is left to fail again.
func emptyCache(dir string) {
	kept, err := filepath.Glob(filepath.Join(dir, "wazero-*"))
	if err != nil {
		return
	}
	for _, folder := range kept {
		_ = os.RemoveAll(folder)
	}
}

// load makes a runtime and compiles the module in it, from the cache if it can.
func (l *Library) load(ctx context.Context, binary []byte) (err error) {
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(memoryPages)
	if l.cache != nil {
		config = config.WithCompilationCache(l.cache)
	}
	l.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	l.module, err = l.runtime.CompileModule(ctx, binary)
	return err
}

// readModule reads a file of bounded size.
func readModule(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	binary, err := io.ReadAll(io.LimitReader(f, maxModule+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(binary) > maxModule {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxModule)
	}
	return binary, nil
}

// provideImports gives the module the functions that it imports. libopus needs
// none of them: they are what a C runtime brings for printing a last message and
// for giving up, which is a trap here.
func (l *Library) provideImports(ctx context.Context) error {
	const notSupported = 52 // ENOSYS of WASI
	modules := make(map[string]wazero.HostModuleBuilder)
	for _, f := range l.module.ImportedFunctions() {
		moduleName, name, _ := f.Import()
		builder, ok := modules[moduleName]
		if !ok {
			builder = l.runtime.NewHostModuleBuilder(moduleName)
			modules[moduleName] = builder
		}
		results := f.ResultTypes()
		stub := api.GoFunc(func(_ context.Context, stack []uint64) {
			if name == "proc_exit" {
				panic(errors.New("the module asked to exit"))
			}
			if len(results) > 0 {
				stack[0] = notSupported
			}
		})
		builder.NewFunctionBuilder().WithGoFunction(stub, f.ParamTypes(), results).Export(name)
	}
	for name, builder := range modules {
		if _, err := builder.Instantiate(ctx); err != nil {
			return fmt.Errorf("making the imported module %s: %w", name, err)
		}
	}
	return nil
}

// instantiate makes another instance.
func (l *Library) instantiate() (*instance, error) {
	ctx := withMemory(context.Background())
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	mod, err := l.runtime.InstantiateModule(ctx, l.module, config)
	if err != nil {
		return nil, err
	}
	in, err := newInstance(mod)
	if err != nil {
		return nil, errors.Join(err, mod.Close(ctx))
	}
	return in, nil
}
