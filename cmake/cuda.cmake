# SPDX-License-Identifier: Apache-2.0
# Finds a CUDA compiler, version 13.0 or newer, and compiles device code with it, without CMake's CUDA
# language and without libcudart: each *_cuda.cu becomes a fatbin (sm_80, sm_90, and PTX of compute_90
# for newer GPUs) that is put into an object file as it is. The program builds without a CUDA compiler;
# then it has no device code. docs/cuda.md tells the rest.
set(LOCKSTEP_CUDA AUTO CACHE STRING "Compile device code: ON (an error without nvcc), OFF, or AUTO")
set_property(CACHE LOCKSTEP_CUDA PROPERTY STRINGS AUTO ON OFF)

set(LOCKSTEP_CUDA_FOUND FALSE)
if(NOT LOCKSTEP_CUDA STREQUAL "OFF")
  if(DEFINED ENV{LOCKSTEP_CUDA_WHEELS})
    set(wheels $ENV{LOCKSTEP_CUDA_WHEELS})
  else()
    set(wheels $ENV{HOME}/.cache/lockstep/cuda-13.0)
  endif()
  set(tried "")
  foreach(toolkit $ENV{CUDA_HOME} /usr/local/cuda ${wheels}/nvidia/cu13)
    set(nvcc ${toolkit}/bin/nvcc)
    if(LOCKSTEP_CUDA_FOUND OR NOT EXISTS ${nvcc})
      continue()
    endif()
    execute_process(COMMAND ${nvcc} --version OUTPUT_VARIABLE text ERROR_QUIET)
    if(text MATCHES "release ([0-9]+\\.[0-9]+)" AND CMAKE_MATCH_1 VERSION_GREATER_EQUAL 13.0)
      set(LOCKSTEP_CUDA_FOUND TRUE)
      set(LOCKSTEP_NVCC ${nvcc})
      set(LOCKSTEP_CUDA_TOOLKIT ${toolkit})
      message(STATUS "CUDA: ${nvcc}, version ${CMAKE_MATCH_1}; device code for sm_80, sm_90 and PTX")
    else()
      string(APPEND tried " ${nvcc} is older than 13.0.")
    endif()
  endforeach()
  if(NOT LOCKSTEP_CUDA_FOUND)
    set(advice "CUDA: no nvcc of version 13.0 or newer in CUDA_HOME, /usr/local/cuda or \
${wheels}.${tried} Run scripts/setup.sh cuda for one")
    if(LOCKSTEP_CUDA STREQUAL "ON")
      message(FATAL_ERROR "${advice}, or configure with -DLOCKSTEP_CUDA=AUTO")
    endif()
    message(STATUS "${advice}; building without device code")
  endif()
else()
  message(STATUS "CUDA: off, as LOCKSTEP_CUDA says; building without device code")
endif()

# Kernels that may spill registers, by file name: none.
set(LOCKSTEP_CUDA_SPILLS "")

# No product and sum is contracted, and division and roots are IEEE's: the same bits as the host build.
set(LOCKSTEP_NVCC_FLAGS -std=c++20 --fmad=false --prec-div=true --prec-sqrt=true --ftz=false
  -gencode arch=compute_80,code=sm_80 "-gencode" "arch=compute_90,code=[sm_90,compute_90]"
  -no-compress -I${PROJECT_SOURCE_DIR})

# lockstep_fatbin(OBJECT FATBIN SOURCE): sets FATBIN to what the source is compiled to, beside which
# <name>.ptxas has what ptxas said of registers, and OBJECT to the object file that holds it, whose
# symbol is lockstep_fatbin_<name>.
function(lockstep_fatbin object fatbin source)
  get_filename_component(name ${source} NAME_WE)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/fatbins)
  file(MAKE_DIRECTORY ${folder})
  set(base ${folder}/${name})
  set(spills -Xptxas -warn-spills,-Werror)
  if(name IN_LIST LOCKSTEP_CUDA_SPILLS)
    set(spills "")
  endif()
  # The section is read-only data, aligned as the driver wants it.
  file(CONFIGURE OUTPUT ${base}.S @ONLY CONTENT
".section .rodata
.balign 64
.global lockstep_fatbin_${name}
lockstep_fatbin_${name}:
.incbin \"${base}.fatbin\"
.balign 8
.section .note.GNU-stack,\"\",@progbits
")
  add_custom_command(OUTPUT ${base}.fatbin ${base}.ptxas
    COMMAND ${PROJECT_SOURCE_DIR}/cmake/device_compile.sh ${base}.ptxas ${LOCKSTEP_NVCC} -fatbin ${LOCKSTEP_NVCC_FLAGS} ${spills} -Xptxas -v
      -MD -MF ${base}.d -MT ${base}.fatbin -o ${base}.fatbin ${source}
    DEPENDS ${source} DEPFILE ${base}.d VERBATIM
    COMMENT "Compiling device code ${name}")
  add_custom_command(OUTPUT ${base}.o
    COMMAND ${CMAKE_CXX_COMPILER} -x assembler -c ${base}.S -o ${base}.o
    DEPENDS ${base}.fatbin ${base}.S VERBATIM
    COMMENT "Embedding device code ${name}")
  set(${object} ${base}.o PARENT_SCOPE)
  set(${fatbin} ${base}.fatbin PARENT_SCOPE)
endfunction()
