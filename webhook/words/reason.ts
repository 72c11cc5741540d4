/**
 * A coded, worded piece of evidence. Codes are stable and never reused: people search for them,
 * machines switch on them. The words say it with numbers, for a person who knows Kubernetes.
 */
export interface Reason {
  readonly code: ReasonCode;
  readonly words: string;
}

export type ReasonCode =
  // the webhook: why a pod was, or was not, prepared
  | 'OptedOut'
  | 'NoDevice'
  | 'NotACreate'
  | 'MirrorPod'
  | 'UnknownProfile'
  | 'UnknownAnnotation'
  | 'NoProfileForDevice'
  | 'Unreadable'
  | 'AnnotationsFull'
  | 'ObjectFull'
  | 'TolerationsRestricted'
  | 'GraceSetByUser'
  | 'NodeLossSetByUser'
  | 'SchedulerSetByUser'
  | 'SlotUnknown'
  | 'NotGated'
  | 'GroupRestartsItself'
  | 'RestartsAnyway'
  | 'RestartSetByUser'
  | 'UnknownController'
  | 'ManagedElsewhere'
  | 'FailurePolicySetByUser'
  | 'ReplacementSetByUser'
  | 'BackoffSetByUser'
  | 'TooManyCompletions'
  | 'ObserveOnly'
  | 'AlreadyPrepared'
  // the extender: what a forecast is made of
  | 'ImagesMissing'
  | 'ImagesPresent'
  | 'ImageSizeUnknown'
  | 'ColdStart'
  | 'Home'
  | 'HomeNotOffered'
  | 'WaitsForHome'
  | 'WaitedForHome'
  | 'NotWaited'
  | 'WouldHaveWaited'
  | 'NoHome'
  | 'DeviceHistory'
  | 'Displaces'
  | 'AnnouncedWork'
  | 'FragmentsNode'
  | 'LeavesDomain'
  | 'AddsDomain'
  | 'GathersJob'
  | 'DomainFull'
  | 'AnnotationUnreadable'
  | 'AnnotationCapped'
  // the extender: why a pod was placed without a question
  | 'Pinned'
  | 'OnlyCandidate'
  | 'Nominated'
  | 'OtherScheduler'
  | 'NoOpinion'
  | 'ChoiceUnknown'
  | 'NotAsked';
