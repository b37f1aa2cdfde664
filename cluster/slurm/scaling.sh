#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `lockstep bench scaling` as a SLURM job, on one machine or several:
#
#   sbatch --nodes 2 --ntasks-per-node 8 --cpus-per-task 1 --time 00:30:00 cluster/slurm/scaling.sh \
#     --model resnet18 --image 64x64x3 --ranks 1,2,4,8,16 --lanes 16
#
# The arguments are those of `lockstep bench scaling`. Ranks are started by srun, which must speak
# PMIx (`srun --mpi=list`); LAUNCH names another way, for example
# LAUNCH='mpirun --bind-to none -np {ranks}'. LOCKSTEP names the program, OUT the folder of the
# results (by default scaling-JOB in the folder where sbatch was called). The made-up dataset and the
# checkpoints lie there too, since every machine must reach them.

#SBATCH --job-name=lockstep-scaling
#SBATCH --output=scaling-%j.log
#SBATCH --open-mode=append

set -euo pipefail

lockstep=${LOCKSTEP:-lockstep}
out=${OUT:-scaling-${SLURM_JOB_ID:?start this with sbatch}}
by_srun="srun --mpi=pmix --exact --ntasks={ranks} --cpus-per-task=${SLURM_CPUS_PER_TASK:-1}"
launch=${LAUNCH:-$by_srun}

mkdir -p "$out"
"$lockstep" bench scaling \
  --launch "$launch" \
  --nodes "${SLURM_JOB_NUM_NODES:-1}" \
  --cores-per-rank "${SLURM_CPUS_PER_TASK:-1}" \
  --work "$out" \
  --json "$out/scaling.json" --csv "$out/scaling.csv" --markdown "$out/scaling.md" \
  --plots "$out/scaling" \
  "$@"
