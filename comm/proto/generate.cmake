# SPDX-License-Identifier: Apache-2.0
# lockstep_comm_proto: what protoc and its gRPC plugin make of lockstep.proto, in the build folder.
# It is a library of its own so that its headers count as the system's and its warnings do not.
set(proto_dir ${CMAKE_CURRENT_BINARY_DIR}/proto/generated)
set(proto_files lockstep.pb.cc lockstep.grpc.pb.cc lockstep.pb.h lockstep.grpc.pb.h)
list(TRANSFORM proto_files PREPEND ${proto_dir}/)
file(MAKE_DIRECTORY ${proto_dir})
add_custom_command(
  OUTPUT ${proto_files}
  COMMAND protobuf::protoc --proto_path=${CMAKE_CURRENT_SOURCE_DIR}/proto --cpp_out=${proto_dir}
    --grpc_out=${proto_dir} --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>
    lockstep.proto
  DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/proto/lockstep.proto
  COMMENT "protoc lockstep.proto"
  VERBATIM)
add_library(lockstep_comm_proto STATIC ${proto_files})
target_include_directories(lockstep_comm_proto SYSTEM PUBLIC ${proto_dir})
target_compile_options(lockstep_comm_proto PRIVATE -w)
target_link_libraries(lockstep_comm_proto PUBLIC gRPC::grpc++ protobuf::libprotobuf)
